//! One request for what a file doesn't have yet of a URL, and what its failures mean.
//!
//! A server is not trusted: where a partial answer doesn't begin where the file ends, or is of another length than
//! before, the file is begun anew, without ranges. Whether the whole is right is decided by its SHA-256.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use ureq::http::{Response, StatusCode, header};

use super::failure::{Failure, describe};

/// The largest full archive has 300 MB.
const MAX_BYTES: u64 = 2 << 30;
/// What is less than this in the time of a timeout is no download.
const SLOWEST: u64 = 1024;

/// What earlier requests have told of a URL.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// A strong `ETag`.
    etag: Option<String>,
    /// Bytes of the whole.
    total: Option<u64>,
    /// The server's partial answers are wrong.
    no_ranges: bool,
    /// Part of the file comes from an earlier answer.
    pub(super) resumed: bool,
}

/// What a request reports: how much is expected at its begin, and each block that came.
pub(super) trait Progress {
    /// There are `have` bytes of `total`.
    fn begin(&self, have: u64, total: Option<u64>);
    /// So many bytes more.
    fn advance(&self, bytes: u64);
}

/// Asks for what `file` lacks, and appends it.
pub(super) fn request(
    agent: &ureq::Agent,
    url: &str,
    file: &mut File,
    known: &mut Known,
    progress: &dyn Progress,
    timeout: Duration,
) -> Result<(), Failure> {
    let mut have = file.seek(SeekFrom::End(0))?;
    if known.no_ranges && have > 0 {
        have = restart(file)?;
    }
    let mut asked = agent.get(url);
    if have > 0 {
        asked = asked.header(header::RANGE, format!("bytes={have}-"));
        if let Some(etag) = &known.etag {
            asked = asked.header(header::IF_RANGE, etag);
        }
    }
    let mut response = asked.call().map_err(|error| describe(error, timeout))?;
    match response.status() {
        StatusCode::PARTIAL_CONTENT if continues(&response, have, known) => known.resumed = true,
        StatusCode::RANGE_NOT_SATISFIABLE if have > 0 && range_total(&response) == Some(have) => {
            return Ok(());
        }
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => {
            known.no_ranges = true;
            restart(file)?;
            return Err(Failure::passing(
                "the server answered with another part than it was asked for",
            ));
        }
        StatusCode::OK => {
            have = restart(file)?;
            known.resumed = false;
            known.etag = strong_etag(&response);
            known.total = length(&response);
        }
        status => return Err(Failure::of_status(status)),
    }
    if known.total.is_some_and(|total| total > MAX_BYTES) {
        return Err(too_large());
    }
    progress.begin(have, known.total);
    let body = response.body_mut().with_config().limit(u64::MAX).reader();
    let have = append(body, file, have, progress, timeout)?;
    match known.total {
        Some(total) if have < total => Err(Failure::Passing(anyhow!(
            "the connection ended after {have} of {total} bytes"
        ))),
        _ => Ok(()),
    }
}

/// Copies the body to the file's end; gives the file's length.
fn append(
    mut body: impl Read,
    file: &mut File,
    mut have: u64,
    progress: &dyn Progress,
    timeout: Duration,
) -> Result<u64, Failure> {
    let mut buffer = vec![0; 128 << 10];
    let (mut since, mut bytes) = (Instant::now(), 0);
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) => return Ok(have),
            Ok(count) => count,
            Err(error) => return Err(describe(error.into(), timeout)),
        };
        file.write_all(&buffer[..count])?;
        have += count as u64;
        bytes += count as u64;
        progress.advance(count as u64);
        if have > MAX_BYTES {
            return Err(too_large());
        }
        if bytes >= SLOWEST {
            (since, bytes) = (Instant::now(), 0);
        } else if since.elapsed() > timeout {
            return Err(Failure::Passing(anyhow!(
                "the server sent {bytes} bytes in {} s",
                since.elapsed().as_secs()
            )));
        }
    }
}

fn too_large() -> Failure {
    Failure::Final(anyhow!("it has more than {} GiB", MAX_BYTES >> 30))
}

/// Empties the file.
fn restart(file: &mut File) -> std::io::Result<u64> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))
}

/// Whether a partial answer goes on where the file ends, and is a part of the same whole.
fn continues<B>(response: &Response<B>, have: u64, known: &Known) -> bool {
    let begins_with = format!("bytes {have}-");
    let same_total = known.total.is_none() || range_total(response) == known.total;
    have > 0 && text(response, header::CONTENT_RANGE).starts_with(&begins_with) && same_total
}

/// The last number of `Content-Range: bytes 5-9/10`, or `bytes */10`.
fn range_total<B>(response: &Response<B>) -> Option<u64> {
    let range = text(response, header::CONTENT_RANGE);
    range.rsplit_once('/')?.1.trim().parse().ok()
}

fn length<B>(response: &Response<B>) -> Option<u64> {
    text(response, header::CONTENT_LENGTH).trim().parse().ok()
}

fn strong_etag<B>(response: &Response<B>) -> Option<String> {
    let etag = text(response, header::ETAG);
    etag.starts_with('"').then(|| etag.to_owned())
}

fn text<B>(response: &Response<B>, name: header::HeaderName) -> &str {
    let value = response.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}
