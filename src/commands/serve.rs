//! `cloakroom serve`: starts the server.

#[cfg(target_os = "linux")]
use cloakroom::system;
use cloakroom::teach::class;
use cloakroom::{data_folder, network};
use rocket::figment::Figment;

use super::{CommandError, with_secret};

/// The settings for `serve --class`: an address for the room, the lessons, and a secret of its own.
pub(crate) fn settings_for_class(figment: Figment, public: bool) -> Result<Figment, CommandError> {
    let figment = network::for_a_class(figment, public)?;
    with_secret(figment, || data_folder::secret_or_new().map(Some))
}

pub(crate) async fn serve(figment: Figment, for_class: bool) -> Result<(), CommandError> {
    #[cfg(target_os = "linux")]
    system::allow_many_connections();
    let port = figment.extract_inner("port").unwrap_or(0);
    let rocket = match for_class {
        true => cloakroom::rocket_for_class(figment).await?.attach(class::invite()),
        false => cloakroom::rocket(figment).await?,
    };
    let rocket = rocket.attach(system::let_connections_wait());
    let launched = rocket.launch().await;
    launched.map(drop).map_err(|error| CommandError::Launch(port, error.kind().to_string()))
}
