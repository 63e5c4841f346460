//! The three questions. Each is asked with a new browser.
//!
//! The handlers for `/change` wait until they are resumed here, so the order of the requests is certain.

use tokio::try_join;

use crate::browser::Browser;
use crate::server::{Error, Server};

/// Two requests of one browser load the session, then both change it, each another key.
pub async fn concurrent_changes(server: &Server) -> Result<&'static str, Error> {
    let browser = logged_in(server).await?;
    let both_loaded = async {
        server.pause.reached_by(2).await;
        server.pause.resume(2);
        Ok(())
    };
    try_join!(browser.post("/change/a"), browser.post("/change/b"), both_loaded)?;
    Ok(match (browser.has("a").await?, browser.has("b").await?) {
        (true, true) => "both kept",
        (false, false) => "both lost",
        _ => "one lost",
    })
}

/// A request loads the session. Another one logs out, and its response arrives. Then the first one changes
/// the session and ends.
pub async fn logout_during_a_request(server: &Server) -> Result<&'static str, Error> {
    let browser = logged_in(server).await?;
    // What an attacker may have: no response changes it.
    let copy = browser.cookies();
    let logs_out = async {
        server.pause.reached_by(1).await;
        browser.post("/log-out").await?;
        if Browser::new(server.address, &copy)?.has("user").await? {
            return Err("the logout did not end the session".into());
        }
        server.pause.resume(1);
        Ok(())
    };
    try_join!(browser.post("/change/a"), logs_out)?;
    let copy = Browser::new(server.address, &copy)?;
    let is_back = copy.has("user").await? || copy.has("a").await?;
    Ok(match (is_back, browser.has("user").await?) {
        (false, false) => "stays ended",
        (true, false) => "comes back, for a copy of the cookie",
        (false, true) => "the browser is logged in again, with another ID",
        (true, true) => "comes back, and the browser is logged in again",
    })
}

/// A browser comes with an ID that the server does not know, and changes its session. Does an attacker who
/// knows the ID read the change, and the login that follows?
pub async fn unknown_id(server: &Server, cookies: &str) -> Result<&'static str, Error> {
    let browser = Browser::new(server.address, cookies)?;
    let attacker = Browser::new(server.address, cookies)?;
    let loaded = async {
        server.pause.reached_by(1).await;
        server.pause.resume(1);
        Ok(())
    };
    try_join!(browser.post("/change/a"), loaded)?;
    if !browser.has("a").await? {
        return Err("the browser's change is lost".into());
    }
    if !attacker.has("a").await? {
        return Ok("gets a new ID");
    }
    browser.post("/log-in").await?;
    let shares_login = attacker.has("user").await?;
    Ok(if shares_login { "adopted" } else { "adopted, until a login" })
}

/// The cookies that a browser had before it logged out. The server made their ID, and has deleted it.
pub async fn cookies_of_an_ended_session(server: &Server) -> Result<String, Error> {
    let browser = logged_in(server).await?;
    let cookies = browser.cookies();
    browser.post("/log-out").await?;
    Ok(cookies)
}

async fn logged_in(server: &Server) -> Result<Browser, Error> {
    let browser = Browser::new(server.address, "")?;
    browser.post("/log-in").await?;
    match browser.has("user").await? {
        true => Ok(browser),
        false => Err("the login is lost".into()),
    }
}
