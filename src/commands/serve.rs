//! `cloakroom serve`: starts the server.

#[cfg(target_os = "linux")]
use cloakroom::system;
use cloakroom::teach::class;
use cloakroom::{config, network};

use super::CommandError;

pub(crate) async fn serve(for_class: bool, public: bool) -> Result<(), CommandError> {
    #[cfg(target_os = "linux")]
    system::allow_many_connections();
    let figment = match for_class {
        true => network::for_a_class(config::figment(), public)?,
        false => config::figment(),
    };
    let port = figment.extract_inner("port").unwrap_or(0);
    let rocket = cloakroom::rocket(figment).await?.attach(system::let_connections_wait());
    let rocket = if for_class { rocket.attach(class::invite()) } else { rocket };
    let launched = rocket.launch().await;
    launched.map(drop).map_err(|error| CommandError::Launch(port, error.kind().to_string()))
}
