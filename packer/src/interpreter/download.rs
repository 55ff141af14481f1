//! Downloads an interpreter's archive, verifies its SHA-256, and keeps it in a cache directory.
//!
//! `PYSHIP_PYTHON_MIRROR` replaces the URL of python-build-standalone's releases, as `UV_PYTHON_INSTALL_MIRROR`
//! does for uv. Proxies come from `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`; certificates from `SSL_CERT_FILE`,
//! else from the system's store, else from Mozilla's list in this program.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use pyship_launcher::hex::hex;
use sha2::{Digest, Sha256};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

use crate::environment::Environment;
use crate::url;

/// Environment variable with a URL in place of [`RELEASES`].
const ENV_PYTHON_MIRROR: &str = "PYSHIP_PYTHON_MIRROR";
/// The URL of python-build-standalone's releases.
const RELEASES: &str = "https://github.com/astral-sh/python-build-standalone/releases/download";

/// The largest full archive has 300 MB.
const MAX_BYTES: u64 = 2 << 30;
/// Bundles of certificates in distributions.
const CERTIFICATES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Returns the archive at `url` as a file in the directory `cache`; downloads it unless it is there already.
///
/// # Errors
/// ``failed to download `URL`: …``, also when the download has another SHA-256; nothing of it is kept.
pub(crate) fn fetch(url: &str, sha256: &str, cache: &Path, environment: &Environment) -> Result<PathBuf> {
    let file = cache.join(format!("{sha256}-{}", file_name(url)));
    if file.is_file() && sha256_of(fs_err::File::open(&file)?, &mut std::io::sink())? == sha256 {
        return Ok(file);
    }
    fs_err::create_dir_all(cache)?;
    let actual = mirrored(url, environment);
    let partial = tempfile::NamedTempFile::new_in(cache)?;
    receive(&actual, sha256, partial.as_file(), environment)
        .with_context(|| format!("failed to download `{}`", url::scrubbed(&actual, "")))?;
    partial
        .persist(&file)
        .with_context(|| format!("failed to write `{}`", file.display()))?;
    Ok(file)
}

fn receive(url: &str, sha256: &str, mut file: &std::fs::File, environment: &Environment) -> Result<()> {
    let tls = TlsConfig::builder()
        .root_certs(certificates(environment)?)
        .build();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_connect(Some(Duration::from_secs(30)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .user_agent(concat!("pyship/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut response = agent.get(url).call()?;
    let body = response.body_mut().with_config().limit(MAX_BYTES).reader();
    let found = sha256_of(body, &mut file)?;
    ensure!(found == sha256, "its SHA-256 is {found}, not {sha256}");
    Ok(())
}

/// The mirror's URL for what python-build-standalone publishes, else `url` itself.
fn mirrored(url: &str, environment: &Environment) -> String {
    match (
        environment
            .get(ENV_PYTHON_MIRROR)
            .and_then(|value| value.to_str()),
        url.strip_prefix(RELEASES),
    ) {
        (Some(mirror), Some(rest)) => format!("{}{rest}", mirror.trim_end_matches('/')),
        _ => url.to_owned(),
    }
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

/// The last part of a URL, with characters only that are harmless in a path.
fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.+".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect()
}

/// Copies `from` to `to` and returns the SHA-256 of it.
fn sha256_of(mut from: impl Read, to: &mut impl Write) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            count => {
                hash.update(&buffer[..count]);
                to.write_all(&buffer[..count])?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    use super::*;

    /// Answers `requests` requests with `body`, one after the other; returns its address and what was asked.
    fn serve(requests: usize, head: &str, body: &[u8]) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answer = [head.as_bytes(), b"\r\nConnection: close\r\n\r\n", body].concat();
        let asked = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for _ in 0..requests {
                let (mut stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                asked.push(lines.next().unwrap().unwrap());
                while !lines.next().unwrap().unwrap().is_empty() {}
                stream.write_all(&answer).unwrap();
            }
            asked
        });
        (address, asked)
    }

    fn entries(directory: &Path) -> usize {
        fs_err::read_dir(directory).unwrap().count()
    }

    #[test]
    fn an_archive_is_fetched_once_through_the_mirror() {
        let body = vec![9; 300_000];
        let sha256 = sha256_of(body.as_slice(), &mut std::io::sink()).unwrap();
        let (address, asked) = serve(1, "HTTP/1.1 200 OK\r\nContent-Length: 300000", &body);
        let cache = tempfile::tempdir().unwrap();
        let mut environment = Environment::current().unwrap();
        environment
            .variables
            .insert(ENV_PYTHON_MIRROR.into(), format!("{address}/mirror/").into());
        let url = format!("{RELEASES}/20260114/cpython-3.12.12%2B20260114-install_only.tar.gz");
        let download = || fetch(&url, &sha256, cache.path(), &environment).unwrap();
        let file = download();
        assert_eq!(fs_err::read(&file).unwrap(), body);
        assert_eq!(download(), file, "the second time it is there");
        let asked = asked.join().unwrap();
        assert_eq!(
            asked,
            ["GET /mirror/20260114/cpython-3.12.12%2B20260114-install_only.tar.gz HTTP/1.1"]
        );
        assert_eq!(entries(cache.path()), 1);
    }

    #[test]
    fn what_is_not_what_was_asked_for_is_not_kept() {
        let cache = tempfile::tempdir().unwrap();
        let environment = Environment::current().unwrap();
        let sha256 = "0".repeat(64);
        for (head, says) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5",
                "its SHA-256 is 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824, not 000",
            ),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 5", "404"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 500", ""),
        ] {
            let (address, _asked) = serve(1, head, b"hello");
            let url = format!("{address}/x.tar.gz");
            let error = fetch(&url, &sha256, cache.path(), &environment).unwrap_err();
            let text = format!("{error:#}");
            assert!(
                text.starts_with(&format!("failed to download `{url}`: ")) && text.contains(says),
                "{text}"
            );
            assert_eq!(entries(cache.path()), 0);
        }
    }

    #[test]
    fn a_damaged_copy_is_fetched_again() {
        let sha256 = sha256_of(&b"hello"[..], &mut std::io::sink()).unwrap();
        let cache = tempfile::tempdir().unwrap();
        fs_err::write(cache.path().join(format!("{sha256}-x.tar.gz")), "hell").unwrap();
        let (address, asked) = serve(1, "HTTP/1.1 200 OK\r\nContent-Length: 5", b"hello");
        let environment = Environment::current().unwrap();
        let url = format!("{address}/x.tar.gz");
        let file = fetch(&url, &sha256, cache.path(), &environment).unwrap();
        assert_eq!(fs_err::read(file).unwrap(), b"hello");
        assert_eq!(asked.join().unwrap().len(), 1);
    }
}
