//! TLS in front of an app, as a proxy ends it: each request goes on with `X-Forwarded-Proto: https`.

use std::process::{Command, Stdio};
use std::sync::Arc;

use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use rocket::tokio::{self, net};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Serves the app at `url` over TLS; returns the new address.
pub async fn in_front_of(url: &str) -> String {
    let acceptor = TlsAcceptor::from(Arc::new(config()));
    let listener = net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = url.strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, app) = (acceptor.clone(), app.clone());
            tokio::spawn(async move {
                let mut client = acceptor.accept(client).await?;
                // To the end of the first line. One request for each connection keeps this short.
                let mut line = vec![];
                while !line.ends_with(b"\n") {
                    line.push(client.read_u8().await?);
                }
                let mut server = net::TcpStream::connect(app).await?;
                let ours = b"X-Forwarded-Proto: https\r\nConnection: close\r\n";
                server.write_all(&[&line, &ours[..]].concat()).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    format!("https://localhost:{port}")
}

/// With a certificate that is made for this.
fn config() -> ServerConfig {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-nodes", "-days", "1", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-keyout", &at("key.pem"), "-out", &at("certificate.pem")])
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success(), "a certificate");
    let certificate = CertificateDer::from_pem_file(at("certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(at("key.pem")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    config.with_single_cert(vec![certificate], key).unwrap()
}
