//! The app itself, in this process, on a free port.

use std::time::Duration;

use cloakroom::config;
use mongodb::Database;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::tokio::sync::oneshot;
use rocket::{Route, tokio};

use super::browser::Browser;
use super::mongod::fresh_database;

/// A running app. Ends with the test's runtime.
pub struct App {
    pub url: String,
    /// Method and path of each route, as Rocket knows them.
    pub routes: Vec<(String, String)>,
    /// Connection string and database; `None` on the memory store.
    database: Option<(String, Database)>,
}

impl App {
    /// On a database of its own.
    pub async fn on_mongodb() -> Self {
        Self::on_mongodb_with(|figment| figment).await
    }

    pub async fn on_mongodb_with(settings: fn(Figment) -> Figment) -> Self {
        let (uri, database) = fresh_database().await;
        let figment = settings(figment().merge(("mongodb.uri", &uri)));
        let (url, routes) = launch(figment).await;
        Self { url, routes, database: Some((uri, database)) }
    }

    /// On a database that the test has made itself.
    pub async fn on(uri: &str) -> Self {
        Self::on_with(uri, |figment| figment).await
    }

    pub async fn on_with(uri: &str, settings: fn(Figment) -> Figment) -> Self {
        let (url, routes) = launch(settings(figment().merge(("mongodb.uri", uri)))).await;
        Self { url, routes, database: None }
    }

    pub async fn in_memory() -> Self {
        Self::in_memory_with(|figment| figment).await
    }

    pub async fn in_memory_with(settings: fn(Figment) -> Figment) -> Self {
        Self::with(settings(figment().merge(("session.store", "memory")))).await
    }

    /// With settings that depend on values of the test.
    pub async fn with(figment: Figment) -> Self {
        let (url, routes) = launch(figment).await;
        Self { url, routes, database: None }
    }

    /// An app on each of the two stores, for a test that holds for both.
    pub async fn on_both_stores() -> [Self; 2] {
        [Self::on_mongodb().await, Self::in_memory().await]
    }

    /// The database, to look into it behind the app's back.
    pub fn database(&self) -> &Database {
        &self.database.as_ref().expect("this test runs on MongoDB").1
    }

    pub fn uri(&self) -> &str {
        &self.database.as_ref().expect("this test runs on MongoDB").0
    }

    /// A browser that was never here.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }
}

/// The settings of a test, without a store.
pub fn figment() -> Figment {
    let root = env!("CARGO_MANIFEST_DIR");
    config::defaults()
        .merge(("port", 0))
        .merge(("log_level", "off"))
        .merge(("template_dir", format!("{root}/templates")))
        .merge(("static_dir", format!("{root}/static")))
        .select("debug")
}

/// Its address and its routes.
async fn launch(figment: Figment) -> (String, Vec<(String, String)>) {
    let (tell, port) = oneshot::channel();
    let rocket = cloakroom::rocket(figment).await.expect("the app starts");
    let rocket = rocket.attach(AdHoc::on_liftoff("port", |rocket| {
        Box::pin(async move {
            let route = |route: &Route| (route.method.to_string(), route.uri.path().to_owned());
            let routes = rocket.routes().map(route).collect();
            tell.send((rocket.config().port, routes)).expect("the test waits");
        })
    }));
    tokio::spawn(rocket.launch());
    let port = tokio::time::timeout(Duration::from_secs(20), port).await;
    let (port, routes) = port.expect("in time").expect("the app lifts off");
    (format!("http://127.0.0.1:{port}"), routes)
}
