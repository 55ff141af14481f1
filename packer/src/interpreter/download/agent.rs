//! The HTTP client: proxies come from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; certificates from
//! `SSL_CERT_FILE`, else from the system's store, else from Mozilla's list in this program.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

use crate::environment::Environment;

/// Bundles of certificates in distributions.
const CERTIFICATES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// A client that gives up a connection on which nothing comes for `timeout`. Every status is an answer, not an error.
///
/// # Errors
/// When the certificates can't be read.
pub(super) fn agent(environment: &Environment, timeout: Duration) -> Result<ureq::Agent> {
    let tls = TlsConfig::builder()
        .root_certs(certificates(environment)?)
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_resolve(Some(timeout))
        .timeout_connect(Some(timeout))
        .timeout_recv_response(Some(timeout))
        .timeout_per_read(Some(timeout))
        .http_status_as_error(false)
        .accept_encoding("identity")
        .user_agent(concat!("pyship/", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(config.into())
}

fn certificates(environment: &Environment) -> Result<RootCerts> {
    let explicit = environment.path("SSL_CERT_FILE");
    let file = explicit
        .clone()
        .or_else(|| CERTIFICATES.iter().map(PathBuf::from).find(|path| path.is_file()));
    let Some(file) = file else {
        return Ok(RootCerts::WebPki);
    };
    let pem = fs_err::read(&file)?;
    let found: Vec<Certificate<'static>> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    match (found.is_empty(), explicit) {
        (false, _) => Ok(RootCerts::new_with_certs(&found)),
        (true, Some(file)) => bail!("SSL_CERT_FILE is `{}`, which has no certificate", file.display()),
        (true, None) => Ok(RootCerts::WebPki),
    }
}
