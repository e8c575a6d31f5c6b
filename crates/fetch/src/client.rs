//! One request: to whom a connection may be opened, how long it may stay silent, and what an answer means.

use cloze_foundation::{Fault, Result};
use std::io::Read;
use std::time::Duration;
use ureq::http::{StatusCode, Uri, header};
use ureq::{Agent, Body};

/// Addresses that one request may be sent on to.
const MOST_REDIRECTS: usize = 8;
/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long a server may be silent, and how often it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until a connection stands, an answer begins, or its next bytes come.
    pub silence: Duration,
    /// Attempts in a row that bring nothing new.
    pub attempts: u32,
    /// Before the second attempt; twice as long before each later one.
    pub wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(30),
            attempts: 5,
            wait: Duration::from_secs(1),
        }
    }
}

/// Why there are no more bytes.
pub(crate) enum Failure {
    /// It may be otherwise the next time; a server may say how long to wait.
    Passing(String, Option<Duration>),
    /// The server does not answer from where it was asked to; from the beginning it may.
    NoRange,
    /// It will not be otherwise.
    Lasting(Fault),
}

/// What a server sends.
pub(crate) struct Answer {
    /// The first byte of the file that comes.
    pub from: u64,
    /// How many come, where that is said.
    pub bytes: Option<u64>,
    /// The bytes.
    pub body: Box<dyn Read>,
}

/// A client for one address.
pub(crate) struct Client {
    agent: Agent,
    address: Uri,
}

impl Client {
    /// A client for an address, to which no connection is opened yet.
    ///
    /// # Errors
    /// An address that is neither https nor this machine's own.
    pub fn new(address: &str, patience: Patience) -> Result<Self> {
        let refused = |why: &str| {
            Fault::usage(format!("`{address}` {why}")).allowed(["https://…", "http://127.0.0.1:…, on this machine"])
        };
        let address: Uri = address.parse().map_err(|_| refused("is no address"))?;
        if !is_allowed(&address, true) {
            return Err(refused("is neither https nor on this machine"));
        }
        let mut config = Agent::config_builder()
            .user_agent(concat!("cloze/", env!("CARGO_PKG_VERSION")))
            // Where it leads is looked at before it is followed, and every status has its own meaning here.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_resolve(Some(patience.silence))
            .timeout_connect(Some(patience.silence))
            .timeout_recv_response(Some(patience.silence))
            .timeout_per_read(Some(patience.silence));
        if is_here(&address) {
            config = config.proxy(None);
        }
        let agent = config.build().new_agent();
        Ok(Self { agent, address })
    }

    /// Asks for the file from its byte `from` on. The answer may begin at 0 nevertheless.
    pub fn get(&self, from: u64) -> std::result::Result<Answer, Failure> {
        let mut address = self.address.clone();
        for _ in 0..=MOST_REDIRECTS {
            let mut request = self.agent.get(&address);
            if from > 0 {
                request = request.header(header::RANGE, format!("bytes={from}-"));
            }
            let response = request.call().map_err(|error| of_error(&error, &address))?;
            if !response.status().is_redirection() {
                return answer(response, from, &address);
            }
            let next = location(&response, &address);
            let next = next.ok_or_else(|| lasting(&address, "leads nowhere that can be followed"))?;
            if !is_allowed(&next, is_here(&address)) {
                return Err(lasting(&address, &format!("leads to `{next}`, which is not https")));
            }
            address = next;
        }
        Err(lasting(&address, "leads on without end"))
    }
}

/// Whether a connection may be opened: encrypted, or within this machine if it began there.
fn is_allowed(address: &Uri, may_be_here: bool) -> bool {
    match address.scheme_str() {
        Some("https") => address.host().is_some(),
        Some("http") => may_be_here && is_here(address),
        _ => false,
    }
}

/// Whether an address is this machine's own. A name may resolve to anything, so that only numbers count.
fn is_here(address: &Uri) -> bool {
    let host = address.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Where an answer leads: an address, or a path on the same server.
fn location(response: &ureq::http::Response<Body>, address: &Uri) -> Option<Uri> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    if !location.starts_with('/') || location.starts_with("//") {
        return location.parse().ok();
    }
    let (scheme, authority) = (address.scheme_str()?, address.authority()?);
    format!("{scheme}://{authority}{location}").parse().ok()
}

fn lasting(address: &Uri, why: &str) -> Failure {
    Failure::Lasting(Fault::run(format!("`{address}` {why}")).remedy(ELSEWHERE))
}

/// What can be done where a home is gone.
pub(crate) const ELSEWHERE: &str =
    "another place that has the file can be named with --from; its hash is looked at all the same";

/// The server of an address, with its port where one is given.
fn server(address: &Uri) -> &str {
    address.authority().map_or("", |authority| authority.as_str())
}

fn of_error(error: &ureq::Error, address: &Uri) -> Failure {
    match error {
        ureq::Error::Timeout(_)
        | ureq::Error::Io(_)
        | ureq::Error::ConnectionFailed
        | ureq::Error::BodyStalled
        | ureq::Error::Protocol(_) => Failure::Passing(format!("{}: {error}", server(address)), None),
        ureq::Error::HostNotFound => {
            Failure::Lasting(Fault::run(format!("{} cannot be found", server(address))).remedy(
                "is there a network? A proxy is taken from HTTPS_PROXY. `cloze data list` says where to put a set that \
                 comes another way",
            ))
        }
        error => lasting(address, &format!("cannot be read: {error}")),
    }
}

fn answer(response: ureq::http::Response<Body>, from: u64, address: &Uri) -> std::result::Result<Answer, Failure> {
    let header = |name: header::HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
    let status = response.status();
    let begins = match status {
        StatusCode::OK => Some(0),
        StatusCode::PARTIAL_CONTENT => header(header::CONTENT_RANGE).and_then(first_byte),
        // Nothing lies beyond what is here.
        StatusCode::RANGE_NOT_SATISFIABLE => None,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => return Err(busy(&response, address)),
        status if status.is_server_error() => return Err(busy(&response, address)),
        status => return Err(lasting(address, &format!("answers {status}"))),
    };
    let bytes = header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    match begins {
        Some(begins) if begins == 0 || begins == from => Ok(Answer {
            from: begins,
            bytes,
            body: Box::new(response.into_body().into_reader()),
        }),
        _ if from > 0 => Err(Failure::NoRange),
        _ => Err(lasting(address, &format!("answers {status} to a plain question"))),
    }
}

fn busy(response: &ureq::http::Response<Body>, address: &Uri) -> Failure {
    let after = response.headers().get(header::RETRY_AFTER);
    let after = after.and_then(|value| value.to_str().ok()?.parse().ok());
    Failure::Passing(
        format!("{} answers {}", server(address), response.status()),
        after.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT)),
    )
}

/// The first byte that `bytes 100-199/200` speaks of.
fn first_byte(range: &str) -> Option<u64> {
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_encrypted_or_stay_within_the_machine() {
        let allowed = |address: &str, here| is_allowed(&address.parse().unwrap(), here);
        assert!(allowed("https://example.org/a", false));
        assert!(allowed("http://127.0.0.1:80/a", true) && allowed("http://[::1]:80/a", true));
        assert!(
            !allowed("http://127.0.0.1:80/a", false),
            "a server elsewhere may not lead here"
        );
        for address in [
            "http://example.org/a",
            "http://localhost/a",
            "http://127.0.0.1.example.org/",
            "ftp://127.0.0.1/",
            "/a",
        ] {
            assert!(!allowed(address, true), "{address}");
        }
        for address in ["http://example.org", "file:///etc/passwd", "no address", ""] {
            let fault = Client::new(address, Patience::default()).err().unwrap();
            assert_eq!(fault.exit_status(), 2, "{fault}");
        }
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(first_byte("bytes 100-199/200"), Some(100));
        for range in ["bytes */200", "100-199", "bytes -1-2", ""] {
            assert_eq!(first_byte(range), None, "{range}");
        }
    }
}
