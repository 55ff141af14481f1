//! Failures of a download, in words, and whether another attempt may help. None of them shows a URL, which could hold
//! a password.

use std::time::Duration;

use anyhow::anyhow;
use ureq::Timeout;
use ureq::http::StatusCode;

/// Why a request gave nothing, or not all.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another attempt can't help.
    Final(anyhow::Error),
    /// Another attempt may help.
    Passing(anyhow::Error),
}

impl Failure {
    /// One that may pass.
    pub(super) fn passing(text: &'static str) -> Self {
        Self::Passing(anyhow!(text))
    }

    /// For a status that isn't success.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or_default();
        let error = anyhow!("the server answered {} {reason}", status.as_u16());
        let passes = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
            || matches!(
                status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
            );
        if passes {
            Self::Passing(error)
        } else {
            Self::Final(error)
        }
    }
}

/// The disk is full, or the like.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Final(error.into())
    }
}

/// What a failed request means.
pub(super) fn describe(error: ureq::Error, timeout: Duration) -> Failure {
    let seconds = timeout.as_secs_f32();
    match error {
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            Failure::Passing(anyhow!("no connection after {seconds} s"))
        }
        ureq::Error::Timeout(_) => Failure::Passing(anyhow!("the server sent nothing for {seconds} s")),
        ureq::Error::HostNotFound => Failure::passing("the name of the server is not found"),
        ureq::Error::ConnectionFailed => Failure::passing("the connection failed"),
        ureq::Error::Io(error) => of_io(error),
        ureq::Error::Protocol(error) => Failure::Passing(anyhow!("the server's answer is no HTTP: {error}")),
        ureq::Error::TooManyRedirects => Failure::Final(anyhow!("the server redirects too often")),
        // Their texts may hold the URL.
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::Final(anyhow!("the URL can't be used")),
        ureq::Error::InvalidProxyUrl => Failure::Final(anyhow!("the URL of the proxy can't be used")),
        ureq::Error::ConnectProxyFailed(_) => Failure::Final(anyhow!("the proxy refuses the connection")),
        other => Failure::Final(anyhow!("{other}")),
    }
}

fn of_io(error: std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        return Failure::passing("the connection ended too early");
    }
    let is_tls = error.kind() == std::io::ErrorKind::InvalidData;
    if is_tls {
        Failure::Final(error.into())
    } else {
        Failure::Passing(error.into())
    }
}
