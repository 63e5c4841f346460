//! A browser: it keeps cookies, and sends them with each request.
//!
//! It knows nothing of `Secure`, `Path` and `Domain`. Browsers take `Secure` cookies from 127.0.0.1 over
//! http as well, and each server here has one path and one host.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use cookie::Cookie;
use reqwest::{Client, Method};
use time::OffsetDateTime;

use crate::server::Error;

pub struct Browser {
    http: Client,
    address: SocketAddr,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    /// A browser that has the cookies of this `Cookie` header; none if it is empty.
    pub fn new(address: SocketAddr, cookies: &str) -> Result<Self, Error> {
        let pairs = cookies.split("; ").filter_map(|pair| pair.split_once('='));
        let cookies = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let http = Client::builder().no_proxy().build()?;
        Ok(Self { http, address, cookies: Mutex::new(cookies) })
    }

    /// The `Cookie` header that the next request has.
    pub fn cookies(&self) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    pub async fn post(&self, path: &str) -> Result<(), Error> {
        self.send(Method::POST, path).await.map(drop)
    }

    /// Whether the session that the browser's cookies name has this key.
    pub async fn has(&self, key: &str) -> Result<bool, Error> {
        Ok(self.send(Method::GET, "/").await?.split(',').any(|listed| listed == key))
    }

    async fn send(&self, method: Method, path: &str) -> Result<String, Error> {
        let mut request = self.http.request(method, format!("http://{}{path}", self.address));
        let cookies = self.cookies();
        if !cookies.is_empty() {
            request = request.header("Cookie", cookies);
        }
        let response = request.send().await?.error_for_status()?;
        for line in response.headers().get_all("set-cookie") {
            self.keep(&Cookie::parse(line.to_str()?)?);
        }
        Ok(response.text().await?)
    }

    /// Keeps the cookie, or deletes it if it has expired.
    fn keep(&self, cookie: &Cookie<'_>) {
        let expired = match cookie.max_age() {
            Some(age) => !age.is_positive(),
            None => cookie.expires_datetime().is_some_and(|at| at <= OffsetDateTime::now_utc()),
        };
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        if expired {
            cookies.remove(cookie.name());
        } else {
            cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
        }
    }
}
