//! tower-sessions with axum and its `MemoryStore`, as in its README: the cookie is not signed. Its docs call
//! the signature an option, for defense in depth.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use time::Duration;
use tokio::net::TcpListener;
use tower_sessions::session::Error as SessionError;
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer};

use crate::server::{Error, KEYS, Pause, Server};

pub async fn start() -> Result<Server, Error> {
    let pause = Pause::new();
    let sessions = SessionManagerLayer::new(MemoryStore::default())
        .with_secure(false)
        .with_expiry(Expiry::OnInactivity(Duration::minutes(10)));
    let app = Router::new()
        .route("/log-in", post(log_in))
        .route("/change/{key}", post(change))
        .route("/log-out", post(log_out))
        .route("/", get(show))
        .layer(sessions)
        .with_state(pause.clone());
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(Server { name: "tower-sessions", address, pause, made_up, note: "" })
}

/// 16 bytes in base64url, as the crate writes its IDs.
fn made_up(round: u32) -> String {
    format!("id={round:0>21}A")
}

async fn log_in(session: Session) -> Result<(), Failure> {
    session.cycle_id().await?;
    Ok(session.insert("user", 1).await?)
}

/// The crate loads the session when the handler first uses it.
async fn change(
    State(pause): State<Arc<Pause>>,
    Path(key): Path<String>,
    session: Session,
) -> Result<(), Failure> {
    session.get_value("user").await?;
    pause.wait().await;
    Ok(session.insert(&key, "changed").await?)
}

async fn log_out(session: Session) -> Result<(), Failure> {
    Ok(session.flush().await?)
}

async fn show(session: Session) -> Result<String, Failure> {
    let mut present = vec![];
    for key in KEYS {
        if session.get_value(key).await?.is_some() {
            present.push(key);
        }
    }
    Ok(present.join(","))
}

/// The store does not answer.
struct Failure(SessionError);

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}
