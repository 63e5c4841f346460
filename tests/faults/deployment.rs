//! The proxy of `docs/deploy.md`: Debian's nginx with the very files that are shipped, TLS on a free
//! port, two instances behind it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rocket::tokio::io::copy_bidirectional;
use rocket::tokio::net;
use rocket::tokio::{self, join, time::sleep};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::alone;
use crate::cluster::Cluster;
use crate::instance::{Instance, free_port};
use crate::support::Browser;
use crate::world::DATABASE;

/// A running nginx. Gone with this.
struct Nginx {
    process: Child,
    folder: TempDir,
    http: u16,
    /// Where one speaks plainly, and is passed on over TLS.
    tunnel: String,
}

/// The shipped file with other ports and places.
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
    async fn before(instances: &[Instance]) -> Self {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (https, http) = (free_port(), free_port());
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "1", "-subj", "/CN=localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-addext", "subjectAltName=DNS:localhost"])
            .args(["-keyout", &at("privkey.pem"), "-out", &at("fullchain.pem")])
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "a certificate");
        let ports = [("8001", instances[0].port()), ("8002", instances[1].port())];
        let ports = ports.map(|(from, to)| (from, to.to_string()));
        let site = [
            ("listen [::]:80;", String::new()),
            ("listen [::]:443 ssl http2;", String::new()),
            ("listen 80;", format!("listen 127.0.0.1:{http};")),
            ("listen 443 ssl http2;", format!("listen 127.0.0.1:{https} ssl http2;")),
            ("cloakroom.example", "localhost".to_owned()),
            ("/etc/cloakroom/tls", folder.path().to_str().unwrap().to_owned()),
        ];
        let main = format!(
            "daemon off; worker_processes 2; pid {0}/pid; error_log {0}/error.log;\n\
             events {{ worker_connections 2048; }}\n\
             http {{ access_log off; client_body_temp_path {0}/b; proxy_temp_path {0}/p;\n\
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
        let tunnel = tunnel(https, &folder.path().join("fullchain.pem")).await;
        let nginx = Self { process, folder, http, tunnel };
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", https)).is_ok() {
                return nginx;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("no nginx: {}", nginx.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }

    /// Another configuration, as `nginx -s reload` takes it over.
    fn change(&self, from: &str, to: &str) {
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

    /// Over TLS.
    fn browser(&self) -> Browser {
        Browser::new(&self.tunnel)
    }
}

/// An address at which each connection is passed on to this port, over TLS, if the certificate is
/// that one.
async fn tunnel(https: u16, certificate: &Path) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let listener = net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
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
    format!("http://{address}")
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // TERM: the master takes its workers with it.
        self.signal(Signal::TERM);
        let _ = self.process.wait();
    }
}

async fn deployed() -> (Cluster, Vec<Instance>, Nginx) {
    let cluster = Cluster::start(1).await;
    let uri = cluster.uri(DATABASE);
    let instances = vec![Instance::start(&uri).await, Instance::start(&uri).await];
    let nginx = Nginx::before(&instances).await;
    (cluster, instances, nginx)
}

#[rocket::async_test]
async fn behind_the_shipped_nginx_cookies_are_secure_and_addresses_are_true() {
    let _alone = alone().await;
    let (_cluster, instances, nginx) = deployed().await;
    let mut rosa = nginx.browser();
    rosa.sign_up("rosa").await;
    let answer = rosa.log_in("rosa").await;
    assert!(answer.session_cookie().unwrap().contains("; Secure"), "{answer:?}");
    assert!(answer.header("strict-transport-security").is_some());
    // A header that the visitor makes up is overwritten.
    let spoofed = rosa.request(reqwest::Method::POST, "/logout").form(&[("", "")]);
    rosa.send(spoofed.header("X-Forwarded-For", "203.0.113.9")).await.expect_redirect("/login");
    let logs = instances[0].log() + &instances[1].log();
    assert!(logs.contains("Logout Done") && logs.contains("address=127.0.0.1"), "{logs}");
    assert!(!logs.contains("203.0.113.9"), "{logs}");
    // Plain http leads to https.
    let plain =
        Browser::new(&format!("http://127.0.0.1:{}", nginx.http)).get("/login?next=/a").await;
    assert_eq!(
        (plain.status, plain.header("location")),
        (301, Some("https://127.0.0.1/login?next=/a"))
    );
    // A form that names another site.
    let foreign = rosa.request(reqwest::Method::POST, "/login").form(&[("username", "rosa")]);
    let foreign = foreign.header("Origin", "https://evil.example");
    assert_eq!(rosa.send(foreign).await.status, 403);
}

#[rocket::async_test]
async fn an_instance_that_is_killed_under_load_costs_no_answer() {
    let _alone = alone().await;
    let (_cluster, mut instances, nginx) = deployed().await;
    let mut rosa = nginx.browser();
    rosa.sign_up("rosa").await;
    let (is_over, cut) = (AtomicBool::new(false), AtomicUsize::new(0));
    let visit = async || {
        let mut tab = nginx.browser();
        tab.jar.clone_from(&rosa.jar);
        let mut count = 0;
        while !is_over.load(Ordering::Relaxed) {
            // One that is killed in the middle of a page cuts it: nginx has passed its head on already.
            let Ok(page) = tab.try_send(tab.request(reqwest::Method::GET, "/dashboard")).await
            else {
                cut.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            assert_eq!(page.status, 200, "{} {}", page.body, nginx.log());
            count += 1;
        }
        count
    };
    let kill = async {
        for time in 0..6 {
            sleep(Duration::from_millis(700)).await;
            let instance = &mut instances[time % 2];
            instance.kill();
            sleep(Duration::from_millis(500)).await;
            instance.restart();
            instance.ready().await;
            // nginx leaves it alone for two seconds after that.
            sleep(Duration::from_secs(2)).await;
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let (a, b, c, ()) = join!(visit(), visit(), visit(), kill);
    let cut = cut.into_inner();
    println!("nginx, 6 SIGKILL: {} pages, none failed, {cut} cut in the middle", a + b + c);
    assert!(cut <= 6, "{cut} pages were cut");
}

/// As docs/deploy.md says to do it: a form that nginx sends while an instance closes its connections
/// is lost, and nginx must not send it again.
#[rocket::async_test]
async fn renewing_one_instance_after_the_other_costs_no_form() {
    let _alone = alone().await;
    let (_cluster, mut instances, nginx) = deployed().await;
    let mut rosa = nginx.browser();
    rosa.sign_up("rosa").await;
    let is_over = AtomicBool::new(false);
    let post = async || {
        let mut count = 0;
        while !is_over.load(Ordering::Relaxed) {
            // A connection for each: browsers know what to do when nginx ends one between two
            // requests, and this client does not.
            let mut tab = nginx.browser();
            tab.jar.clone_from(&rosa.jar);
            tab.post("/coat/count", &[]).await.expect_redirect("/dashboard");
            count += 1;
        }
        count
    };
    let renew = async {
        for instance in &mut instances {
            sleep(Duration::from_millis(700)).await;
            let own = format!(":{} ", instance.port());
            nginx.change(&own, &format!("{own}down "));
            sleep(Duration::from_secs(4)).await;
            instance.signal(Signal::TERM);
            instance.gone();
            instance.restart();
            instance.ready().await;
            nginx.change(&format!("{own}down "), &own);
        }
        sleep(Duration::from_millis(700)).await;
        is_over.store(true, Ordering::Relaxed);
    };
    let (a, b, ()) = join!(post(), post(), renew);
    println!("nginx, 2 instances renewed: {} forms, none failed", a + b);
}

#[rocket::async_test]
async fn slow_clients_end_at_the_proxy() {
    let _alone = alone().await;
    let (_cluster, _instances, nginx) = deployed().await;
    // 300 that say half a line and nothing more. Without TLS: the limit is the same.
    let slow = (0..300).map(|_| {
        let mut stream = TcpStream::connect(("127.0.0.1", nginx.http)).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
        stream
    });
    let mut slow: Vec<TcpStream> = slow.collect();
    let begun = Instant::now();
    let mut rosa = nginx.browser();
    rosa.sign_up("rosa").await;
    rosa.get("/dashboard").await.expect_page(200, "rosa");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let ended = tokio::task::spawn_blocking(move || {
        for stream in &mut slow {
            stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
            stream.read_to_end(&mut vec![]).expect("nginx hangs up");
        }
        begun.elapsed()
    });
    let ended = ended.await.unwrap();
    println!("nginx, 300 slow clients: hung up on after {ended:.1?}");
    assert!(ended < Duration::from_secs(14), "{ended:?}");
}
