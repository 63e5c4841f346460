//! Debian's nginx with the very files of `docs/deploy`: TLS on a free port, two instances behind it.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::io::copy_bidirectional;
use rocket::tokio::net;
use rocket::tokio::{self, time::sleep};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::instance::{Instance, free_ports};
use crate::support::Browser;

/// A running nginx, stopped when dropped.
pub struct Nginx {
    process: Child,
    folder: TempDir,
    /// The port without TLS.
    pub http: u16,
    /// The port with TLS.
    pub https: u16,
    /// A port without TLS, whose connections go on to `https`.
    pub tunnel: u16,
}

/// The shipped file with other ports and paths.
fn adapted(name: &str, changes: &[(&str, String)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deploy").join(name);
    let mut text = fs::read_to_string(path).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{name} has no {from}");
        text = text.replace(from, to);
    }
    text
}

impl Nginx {
    /// Starts nginx with the shipped configuration in front of these two instances.
    pub async fn before(instances: &[Instance]) -> Self {
        Self::before_ports([instances[0].port(), instances[1].port()]).await
    }

    /// Starts nginx with the shipped configuration in front of these two ports.
    pub async fn before_ports([one, other]: [u16; 2]) -> Self {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        // Bound first: the system could give the tunnel a port that is meant for nginx.
        let listener = net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let [https, http] = free_ports();
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "1", "-subj", "/CN=localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-addext", "subjectAltName=DNS:localhost"])
            .args(["-keyout", &at("privkey.pem"), "-out", &at("fullchain.pem")])
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "a certificate");
        let ports = [("8001", one.to_string()), ("8002", other.to_string())];
        let site = [
            ("    listen [::]:", "    # ".to_owned()),
            ("listen 80", format!("listen 127.0.0.1:{http}")),
            ("listen 443", format!("listen 127.0.0.1:{https}")),
            ("cloakroom.example", "localhost".to_owned()),
            ("/etc/cloakroom/tls", folder.path().to_str().unwrap().to_owned()),
            ("snippets/cloakroom-common.conf", at("common.conf")),
            ("/var/log/nginx/cloakroom.log", at("access.log")),
        ];
        fs::write(at("common.conf"), adapted("common.conf", &[])).unwrap();
        // Debian's /etc/nginx/nginx.conf has the four settings before `access_log`.
        let main = format!(
            "daemon off; worker_processes 2; pid {0}/pid; error_log {0}/error.log;\n\
             events {{ worker_connections 2048; }}\n\
             http {{ gzip on; ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\n\
             ssl_prefer_server_ciphers on; types_hash_max_size 2048;\n\
             access_log off; client_body_temp_path {0}/b; proxy_temp_path {0}/p;\n\
             fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;\n{1}\n{2} }}\n",
            folder.path().display(),
            adapted("upstream.conf", &ports),
            adapted("nginx.conf", &site),
        );
        fs::write(folder.path().join("nginx.conf"), main).unwrap();
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let process = Command::new("nginx")
            .env("PATH", path)
            .args(["-e", &at("error.log"), "-p", &at(""), "-c", &at("nginx.conf")])
            .spawn();
        let process = process.expect("nginx starts");
        let tunnel = listener.local_addr().unwrap().port();
        forward(listener, https, &folder.path().join("fullchain.pem"));
        let mut nginx = Self { process, folder, http, https, tunnel };
        for _ in 0..100 {
            assert!(nginx.process.try_wait().unwrap().is_none(), "nginx ended: {}", nginx.log());
            if TcpStream::connect(("127.0.0.1", https)).is_ok() {
                return nginx;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("no nginx: {}", nginx.log());
    }

    /// The error log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }

    /// The lines of the access log, which are JSON.
    pub fn access_log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// Changes the configuration and reloads it, like `nginx -s reload`.
    pub fn change(&self, from: &str, to: &str) {
        let path = self.folder.path().join("nginx.conf");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "no {from}");
        fs::write(path, text.replace(from, to)).unwrap();
        self.signal(Signal::HUP);
    }

    fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, signal).expect("nginx runs");
    }

    /// A browser that connects over TLS.
    pub fn browser(&self) -> Browser {
        Browser::new(&format!("http://localhost:{}", self.tunnel))
    }
}

/// Forwards each connection of this listener to the port `https`, over TLS. The certificate is checked.
fn forward(listener: net::TcpListener, https: u16, certificate: &Path) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((mut plain, _)) = listener.accept().await {
            let connector = connector.clone();
            tokio::spawn(async move {
                let there = net::TcpStream::connect(("127.0.0.1", https)).await?;
                let name = ServerName::try_from("localhost").expect("a name");
                let mut there = connector.connect(name, there).await?;
                copy_bidirectional(&mut plain, &mut there).await
            });
        }
    });
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // TERM: the master ends its workers too.
        self.signal(Signal::TERM);
        let _ = self.process.wait();
    }
}
