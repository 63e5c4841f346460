//! `cloakroom serve`: starts the server.

use std::net::{SocketAddr, TcpListener};

use cloakroom::teach::class;
use cloakroom::{data_folder, meters, network, system};
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::tokio::sync::oneshot;
use rocket::tokio::try_join;

use super::{CommandError, with_secret};

/// The settings for `serve --class`: an address for the room, the lessons, and a secret of its own.
pub(crate) fn settings_for_class(figment: Figment, public: bool) -> Result<Figment, CommandError> {
    let figment = network::for_a_class(figment, public)?;
    with_secret(figment, || data_folder::secret_or_new().map(Some))
}

/// Serves the site, and the metrics at this address.
pub(crate) async fn serve(
    figment: Figment,
    metrics: Option<SocketAddr>,
    for_class: bool,
) -> Result<(), CommandError> {
    #[cfg(target_os = "linux")]
    system::allow_many_connections();
    let port = figment.extract_inner("port").unwrap_or(0);
    let (launched, is_launched) = oneshot::channel();
    // Now, so that the start is measured as well.
    let metrics =
        metrics.map(|address| serve_metrics(address, &figment, is_launched)).transpose()?;
    let rocket = match for_class {
        true => cloakroom::rocket_for_class(figment).await?.attach(class::invite()),
        false => cloakroom::rocket(figment).await?,
    };
    let rocket = rocket.attach(system::let_connections_wait()).attach(AdHoc::on_liftoff(
        "Launched",
        // Without metrics, nothing waits for this.
        |_| Box::pin(async move { launched.send(()).unwrap_or(()) }),
    ));
    let site = Box::pin(async {
        let launched = rocket.launch().await;
        launched.map(drop).map_err(|error| CommandError::Launch(port, error.kind().to_string()))
    });
    match metrics {
        // A signal ends both.
        Some(metrics) => try_join!(site, metrics).map(drop),
        None => site.await,
    }
}

/// Begins to measure. The result serves the metrics as soon as the site is launched. Scripts take the first
/// address in the log for that of the site.
fn serve_metrics(
    address: SocketAddr,
    figment: &Figment,
    is_launched: oneshot::Receiver<()>,
) -> Result<impl Future<Output = Result<(), CommandError>> + use<>, CommandError> {
    let failed = move |error: String| CommandError::Metrics(address, error);
    // Now, and not when the site serves already.
    TcpListener::bind(address).map(drop).map_err(|error| failed(error.to_string()))?;
    let handle = meters::install().map_err(|error| failed(error.to_string()))?;
    let server = meters::server(address, handle, figment);
    Ok(async move {
        // If the site is not launched, its own error ends the program.
        is_launched.await.unwrap_or(());
        server.launch().await.map(drop).map_err(|error| failed(error.kind().to_string()))
    })
}
