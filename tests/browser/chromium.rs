//! A real Chromium, driven through chromedriver, gone when the test ends in whatever way.

use base64::Engine as _;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;

use crate::support::PASSWORD;

pub struct Chromium {
    pub page: WebDriver,
    base: String,
    driver: Driver,
    _profile: TempDir,
}

/// The driver and the browsers it starts are one process group, which is killed as a whole.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.0.wait();
    }
}

impl Chromium {
    /// A window of the site at `base`.
    pub async fn open(base: &str) -> Self {
        Self::open_with(base, json!({})).await
    }

    /// Opens a browser that runs no script of any page.
    pub async fn open_without_scripts(base: &str) -> Self {
        let off = json!({ "profile.managed_default_content_settings.javascript": 2 });
        Self::open_with(base, off).await
    }

    /// Opens a browser for which a cookie without `SameSite` is old after ten seconds, not after two minutes.
    pub async fn open_with_fast_cookies(base: &str) -> Self {
        let fast = "--enable-features=ShortLaxAllowUnsafeThreshold";
        Self::open_with_all(base, json!({}), &[fast]).await
    }

    async fn open_with(base: &str, preferences: Value) -> Self {
        Self::open_with_all(base, preferences, &[]).await
    }

    async fn open_with_all(base: &str, preferences: Value, further: &[&str]) -> Self {
        let (driver, port) = start_driver();
        let profile = TempDir::new().expect("a folder for the profile");
        let mut options = DesiredCapabilities::chrome();
        for argument in further.iter().copied().chain([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-sync",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--disable-component-update",
            // `tls.rs` makes its own.
            "--ignore-certificate-errors",
        ]) {
            options.add_arg(argument).expect("an argument");
        }
        options.add_experimental_option("prefs", preferences).expect("preferences");
        let folder = format!("--user-data-dir={}", profile.path().display());
        options.add_arg(&folder).expect("an argument");
        options.set_browser_log_level(LoggingPrefsLogLevel::All).expect("a log");
        let page = WebDriver::new(format!("http://127.0.0.1:{port}"), options).await;
        let page = page.expect("a session with chromedriver");
        Self { page, base: base.to_owned(), driver, _profile: profile }
    }

    pub async fn goto(&self, path: &str) {
        self.page.goto(format!("{}{path}", self.base)).await.expect("the page loads");
    }

    /// Path and query of where we are.
    pub async fn path(&self) -> String {
        let url = self.page.current_url().await.expect("an address");
        url.as_str().strip_prefix(&self.base).unwrap_or(url.as_str()).to_owned()
    }

    pub async fn fill(&self, name: &str, text: &str) {
        let seen = format!("main [name='{name}']:not([type='hidden'])");
        let field = self.page.find(By::Css(seen)).await.expect(name);
        field.clear().await.expect("it can be emptied");
        field.send_keys(text).await.expect("it can be typed into");
    }

    /// Presses the button of this label in the page.
    pub async fn press(&self, label: &str) {
        let path = format!("//main//button[normalize-space()=\"{label}\"]");
        self.page.find(By::XPath(path)).await.expect(label).click().await.expect("a click");
    }

    /// Makes an account, and logs in to it.
    pub async fn sign_up(&self, username: &str) {
        self.goto("/register").await;
        for button in ["Create account", "Log in"] {
            self.fill("username", username).await;
            self.fill("password", PASSWORD).await;
            self.submit(button).await;
        }
    }

    /// Presses it, and waits for the page that comes.
    pub async fn submit(&self, label: &str) {
        self.script("window.isThePageBefore = true").await;
        self.press(label).await;
        self.arrive().await;
    }

    /// Waits until another page than the marked one is there.
    pub async fn arrive(&self) {
        for _ in 0..200 {
            let ready = "return !window.isThePageBefore && document.readyState === 'complete'";
            if self.script(ready).await == true {
                return;
            }
            rocket::tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no new page");
    }

    pub async fn text(&self) -> String {
        self.script("return document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    pub async fn script(&self, script: &str) -> Value {
        self.page.execute(script, vec![]).await.expect(script).json().clone()
    }

    /// Window width in CSS pixels, and whether the system likes it dark.
    pub async fn look(&self, width: u32, dark: bool) {
        self.resize(width, 900, dark).await;
    }

    /// As `look`, with the height of the window.
    pub async fn resize(&self, width: u32, height: u32, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
        self.cdp("Emulation.setEmulatedMedia", media).await;
    }

    /// Sets the time zone of the browser, such as `Asia/Tokyo`.
    pub async fn set_time_zone(&self, zone: &str) {
        self.cdp("Emulation.setTimezoneOverride", json!({ "timezoneId": zone })).await;
    }

    /// Shows the page as on paper.
    pub async fn emulate_print(&self) {
        self.cdp("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    }

    /// Clicks on the first element that this selector finds, and waits for the page that comes.
    pub async fn click_through(&self, selector: &str) {
        self.script("window.isThePageBefore = true").await;
        let element = self.page.find(By::Css(selector)).await.expect(selector);
        element.click().await.expect("a click");
        self.arrive().await;
    }

    /// A picture of the whole page in `target/screenshots/<name>.png`.
    pub async fn screenshot(&self, name: &str) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target/screenshots");
        std::fs::create_dir_all(folder).expect("a folder for the pictures");
        let picture = json!({ "captureBeyondViewport": true });
        let answer = self.cdp("Page.captureScreenshot", picture).await;
        let data = answer["data"].as_str().expect("a picture");
        let bytes = base64::engine::general_purpose::STANDARD.decode(data).expect("base64");
        std::fs::write(format!("{folder}/{name}.png"), bytes).expect("the picture is kept");
    }

    /// What the console complained about since the last call: a broken content security policy, a
    /// file that is not there, a script that failed.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.page.browser_log().await.expect("a log");
        log.into_iter().map(|entry| entry.message).collect()
    }

    async fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.page.cdp().send_raw(command, parameters).await.expect(command)
    }

    pub async fn close(self) {
        self.page.quit().await.expect("it closes");
        drop(self.driver);
    }
}

fn start_driver() -> (Driver, u16) {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map(Driver)
        .expect("chromedriver is installed: script/bootstrap test");
    let stdout = driver.0.stdout.take().expect("stdout is piped");
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let port = lines
        .find_map(|line| {
            line.split_once("successfully on port ")
                .map(|(_, port)| port.trim_end_matches('.').to_owned())
        })
        .expect("chromedriver says where it is");
    // Its later words go nowhere, but the pipe must not fill up.
    std::thread::spawn(move || lines.for_each(drop));
    (driver, port.parse().expect("a port"))
}
