//! Puts a kind of session together: store, options, and what the app knows better.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::http::Status;
use rocket::{Request, Response};

use crate::error::OptionsError;
use crate::observe::Event;
use crate::options::{CookieOptions, Options};
use crate::sessions::{Hooks, Sessions};
use crate::signature::Secrets;
use crate::store::Store;

/// How long a session waits for its store at one point of a request, unless the app says otherwise.
const TIMEOUT: Duration = Duration::from_millis(2500);

/// Makes [`Sessions`]: [`Sessions::builder`] begins, [`build`](Self::build) ends.
///
/// The methods for options are explained at the fields of [`Options`].
#[must_use]
pub struct Builder {
    options: Options,
    store: Arc<dyn Store>,
    hooks: Hooks,
}

impl Sessions {
    /// Begins with this store and the default options. Only a secret is needed besides.
    pub fn builder(store: impl Store) -> Builder {
        Self::builder_with(Arc::new(store))
    }

    /// As [`builder`](Self::builder), for a store that is chosen at run time, or that others use as well.
    pub fn builder_with(store: Arc<dyn Store>) -> Builder {
        let hooks = Hooks {
            is_https: |request| request.rocket().config().tls_enabled(),
            address: |_| None,
            deadline: |_| None,
            unavailable_page,
            timeout: TIMEOUT,
            observer: None,
        };
        Builder { options: Options::default(), store, hooks }
    }
}

impl Builder {
    /// Takes these options in place of all that were set so far, for an app that reads them from
    /// Rocket.toml.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Sets the secret that signs the cookie: a long random text of your own, in no repository. `openssl rand
    /// -base64 32` makes one.
    pub fn secret(self, secret: impl Into<String>) -> Self {
        self.secrets([secret])
    }

    /// Several secrets: the first signs, all verify.
    pub fn secrets<S: Into<String>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        // `build` rejects a text that is no secret.
        self.options.secret = Secrets::new(secrets.into_iter().map(Into::into)).unwrap_or_default();
        self
    }

    /// [`Options::name`].
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = name.into();
        self
    }

    /// [`Options::resave`].
    pub fn resave(mut self, resave: bool) -> Self {
        self.options.resave = resave;
        self
    }

    /// [`Options::save_uninitialized`].
    pub fn save_uninitialized(mut self, save_uninitialized: bool) -> Self {
        self.options.save_uninitialized = save_uninitialized;
        self
    }

    /// [`Options::rolling`].
    pub fn rolling(mut self, rolling: bool) -> Self {
        self.options.rolling = rolling;
        self
    }

    /// [`Options::renew_cookie`].
    pub fn renew_cookie(mut self, renew_cookie: bool) -> Self {
        self.options.renew_cookie = renew_cookie;
        self
    }

    /// [`Options::touch_after`].
    pub fn touch_after(mut self, touch_after: Duration) -> Self {
        self.options.touch_after = touch_after;
        self
    }

    /// [`Options::idle_timeout`], express-session's `cookie.maxAge`.
    #[doc(alias = "max_age")]
    pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.options.idle_timeout = idle_timeout;
        self
    }

    /// [`Options::absolute_timeout`].
    pub fn absolute_timeout(mut self, absolute_timeout: Duration) -> Self {
        self.options.absolute_timeout = absolute_timeout;
        self
    }

    /// Changes the attributes of the cookie.
    ///
    /// ```
    /// # use rocket_express_session::{Sessions, store::MemoryStore};
    /// let sessions = Sessions::builder(MemoryStore::default())
    ///     .secret("a long random text that is in no repository")
    ///     .cookie(|cookie| cookie.path = "/app".to_owned())
    ///     .build()?;
    /// # assert_eq!(sessions.options().cookie.path, "/app");
    /// # Ok::<(), rocket_express_session::OptionsError>(())
    /// ```
    pub fn cookie(mut self, change: impl FnOnce(&mut CookieOptions)) -> Self {
        change(&mut self.options.cookie);
        self
    }

    /// How to tell that a request came over https, which decides about the attribute `Secure`.
    ///
    /// The default: it did when Rocket itself ends TLS. Behind a proxy that ends TLS, only the proxy knows.
    /// Any client can write the proxy's header as well, so believe it only where every request comes through
    /// the proxy:
    ///
    /// ```
    /// # use rocket_express_session::{Sessions, store::MemoryStore};
    /// let sessions = Sessions::builder(MemoryStore::default())
    ///     .secret("a long random text that is in no repository")
    ///     .https(|request| request.headers().get_one("x-forwarded-proto") == Some("https"))
    ///     .build()?;
    /// # Ok::<(), rocket_express_session::OptionsError>(())
    /// ```
    pub fn https(mut self, is_https: fn(&Request<'_>) -> bool) -> Self {
        self.hooks.is_https = is_https;
        self
    }

    /// The address of the browser, stored with a session when it is created: an account page can show it
    /// ([`UserSession::address`](crate::UserSession::address)). The default stores none.
    ///
    /// Shorten it, because a full address is personal data, and a part of it tells two places apart. Behind a
    /// proxy, only the proxy knows the address:
    ///
    /// ```
    /// # use rocket_express_session::{Sessions, store::MemoryStore};
    /// use std::net::IpAddr;
    ///
    /// let sessions = Sessions::builder(MemoryStore::default())
    ///     .secret("a long random text that is in no repository")
    ///     .address(|request| match request.client_ip()? {
    ///         IpAddr::V4(address) => {
    ///             let [a, b, c, _] = address.octets();
    ///             Some(format!("{a}.{b}.{c}.x"))
    ///         }
    ///         IpAddr::V6(_) => None,
    ///     })
    ///     .build()?;
    /// # Ok::<(), rocket_express_session::OptionsError>(())
    /// ```
    pub fn address(mut self, address: fn(&Request<'_>) -> Option<String>) -> Self {
        self.hooks.address = address;
        self
    }

    /// How long a session waits for its store, at each of these points: to load, to commit, and for each
    /// call in a handler. 2.5 seconds. Then the guard fails, or the response becomes the page of
    /// [`unavailable_page`](Self::unavailable_page).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.hooks.timeout = timeout;
        self
    }

    /// When the response to a request must be ready: no wait of its session goes on longer. Asked when the
    /// session is loaded and again when it is committed. `None`, the default: [`timeout`](Self::timeout)
    /// alone bounds each wait.
    pub fn deadline(mut self, deadline: fn(&Request<'_>) -> Option<Instant>) -> Self {
        self.hooks.deadline = deadline;
        self
    }

    /// The response in place of the handler's when the session could not be stored. At that point Rocket's
    /// catchers have no say any more. The default is a line of text; status 503 in both cases.
    pub fn unavailable_page(mut self, page: for<'r> fn(&'r Request<'_>) -> Response<'r>) -> Self {
        self.hooks.unavailable_page = page;
        self
    }

    /// Calls this function for each step of a session's way through a request.
    ///
    /// ```
    /// # use rocket_express_session::{Sessions, observe::Event, store::MemoryStore};
    /// let sessions = Sessions::builder(MemoryStore::default())
    ///     .secret("a long random text that is in no repository")
    ///     .observe(|event| {
    ///         if let Event::Unknown { id, .. } = event {
    ///             println!("no session {}…", id.prefix());
    ///         }
    ///     })
    ///     .build()?;
    /// # Ok::<(), rocket_express_session::OptionsError>(())
    /// ```
    pub fn observe(mut self, observer: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.hooks.observer = Some(Arc::new(observer));
        self
    }

    /// The sessions, to attach to Rocket.
    ///
    /// # Errors
    /// There is no secret, or an option that no browser would accept: see [`Options::check`].
    pub fn build(self) -> Result<Sessions, OptionsError> {
        self.options.check()?;
        Ok(Sessions::new(self.options, self.store, self.hooks))
    }
}

fn unavailable_page<'r>(_: &'r Request<'_>) -> Response<'r> {
    let text = "The service is not available at the moment. Please try again in a few seconds.\n";
    Response::build()
        .status(Status::ServiceUnavailable)
        .raw_header("Retry-After", "5")
        .raw_header("Content-Type", "text/plain; charset=utf-8")
        .sized_body(text.len(), std::io::Cursor::new(text))
        .finalize()
}
