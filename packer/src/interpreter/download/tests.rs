//! Downloads from servers that do what servers do: each answers a few requests in turn, and ends.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::thread::JoinHandle;

use super::*;
use crate::ui::Volume;

/// Of ordinary downloads; a busy machine may take seconds to answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Where a server falls silent.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a server does with a request.
enum Answer {
    /// Status and headers, then a body.
    Says(String, Vec<u8>),
    /// The same, and then nothing more until the client goes away.
    Stalls(String, Vec<u8>),
}
use Answer::{Says, Stalls};

/// `200 OK`, and as many bytes as `length` says or not.
fn ok(length: usize, body: &[u8]) -> Answer {
    Says(
        format!("200 OK\r\nETag: \"v1\"\r\nContent-Length: {length}"),
        body.to_vec(),
    )
}

/// `206`, from `start` on.
fn part(start: usize, total: usize, body: &[u8]) -> Answer {
    let end = start + body.len() - 1;
    let head = format!(
        "206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {start}-{end}/{total}",
        body.len()
    );
    Says(head, body.to_vec())
}

fn status(line: &str) -> Answer {
    Says(format!("{line}\r\nContent-Length: 0"), Vec::new())
}

/// Gives the server's address, and at its end the head of each request.
fn serve(answers: Vec<Answer>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> = lines
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            asked.push(head.join("\n").to_lowercase());
            let (Says(head, body) | Stalls(head, body)) = &answer;
            let head = match head.as_str() {
                "" => String::new(),
                head => format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n"),
            };
            // The client may have gone.
            let sent = stream.write_all(&[head.as_bytes(), body].concat());
            if sent.is_ok() && matches!(answer, Stalls(..)) {
                stream.read_to_end(&mut Vec::new()).unwrap_or_default();
            }
        }
        asked
    });
    (address, asked)
}

/// A directory, what is downloaded to it, and the requests that this took.
struct Download {
    directory: tempfile::TempDir,
    result: Result<PathBuf>,
    asked: Vec<String>,
}

fn download(answers: Vec<Answer>, wanted: &[u8]) -> Download {
    download_within(TIMEOUT, answers, wanted)
}

fn download_within(timeout: Duration, answers: Vec<Answer>, wanted: &[u8]) -> Download {
    let (address, asked) = serve(answers);
    let sha256 = sha256_of(&mut std::io::Cursor::new(wanted)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let url = format!("http://{address}/x.tar.gz");
    let result = archive_within(timeout, &url, &sha256, directory.path());
    Download {
        directory,
        result,
        asked: asked.join().unwrap(),
    }
}

fn archive(url: &str, sha256: &str, directory: &Path) -> Result<PathBuf> {
    archive_within(TIMEOUT, url, sha256, directory)
}

fn archive_within(timeout: Duration, url: &str, sha256: &str, directory: &Path) -> Result<PathBuf> {
    let ui = Ui::new(Volume::Quiet);
    let downloads = Downloads {
        agent: agent::agent(&Environment::default(), timeout).unwrap(),
        timeout,
        pause: Duration::from_millis(1),
        ui: &ui,
    };
    downloads.archive(url, sha256, directory)
}

fn entries(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

impl Download {
    #[track_caller]
    fn gives(&self, wanted: &[u8]) {
        assert_eq!(fs::read(self.result.as_ref().unwrap()).unwrap(), wanted);
        assert_eq!(entries(self.directory.path()), 1);
    }

    /// Fails with this cause, and keeps nothing.
    #[track_caller]
    fn fails(&self, cause: &str) {
        let error = format!("{:#}", self.result.as_ref().unwrap_err());
        assert!(
            error.starts_with("failed to download `http://127.0.0.1:"),
            "{error}"
        );
        assert!(error.ends_with(&format!("/x.tar.gz`: {cause}")), "{error}");
        assert_eq!(entries(self.directory.path()), 0);
    }
}

fn bytes() -> Vec<u8> {
    (0..300_000_u32)
        .map(|number| (number.wrapping_mul(number) >> 3) as u8)
        .collect()
}

#[test]
fn what_is_there_is_not_downloaded_again_unless_it_is_damaged() {
    let body = bytes();
    let sha256 = sha256_of(&mut std::io::Cursor::new(&body)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (address, asked) = serve(vec![ok(body.len(), &body), ok(body.len(), &body)]);
    let url = format!("http://{address}/20260114/cpython-3.12.12%2B20260114-install_only.tar.gz?key=1");
    let download = || archive(&url, &sha256, directory.path()).unwrap();
    let file = download();
    assert_eq!(download(), file);
    fs::write(&file, "hell").unwrap();
    assert_eq!(download(), file);
    assert_eq!(fs::read(&file).unwrap(), body);
    let asked = asked.join().unwrap();
    let line = "get /20260114/cpython-3.12.12%2b20260114-install_only.tar.gz?key=1 http/1.1\n";
    assert!(asked.iter().all(|asked| asked.starts_with(line)), "{asked:?}");
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_ended() {
    let body = bytes();
    let done = download(
        vec![
            ok(body.len(), &body[..100_000]),
            part(100_000, body.len(), &body[100_000..]),
        ],
        &body,
    );
    done.gives(&body);
    assert!(!done.asked[0].contains("range"), "{}", done.asked[0]);
    assert!(
        done.asked[1].contains("\nrange: bytes=100000-\n"),
        "{}",
        done.asked[1]
    );
    assert!(done.asked[1].contains("\nif-range: \"v1\""), "{}", done.asked[1]);
    // As long as it gets on, it goes on.
    let mut answers = vec![ok(body.len(), &body[..1])];
    answers.extend((0..4).map(|at| {
        let (start, end) = (1 + at * 70_000, 1 + (at + 1) * 70_000);
        let head = format!(
            "206 Partial Content\r\nContent-Length: {0}\r\nContent-Range: bytes {start}-{1}/{2}",
            body.len() - start,
            body.len() - 1,
            body.len()
        );
        Says(head, body[start..end].to_vec())
    }));
    answers.push(part(280_001, body.len(), &body[280_001..]));
    let done = download(answers, &body);
    done.gives(&body);
    assert_eq!(done.asked.len(), 6);
}

#[test]
fn partial_answers_that_do_not_fit_begin_it_anew() {
    let body = bytes();
    let rest = &body[100_000..];
    let broken_off = || ok(body.len(), &body[..100_000]);
    // The server knows no ranges.
    download(vec![broken_off(), ok(body.len(), &body)], &body).gives(&body);
    for wrong in [
        // Another part, of another whole, or none.
        part(0, body.len(), &body),
        part(100_000, 400_000, rest),
        Says(
            "206 Partial Content\r\nContent-Length: 5".to_owned(),
            b"hello".to_vec(),
        ),
        Says(
            "416 Range Not Satisfiable\r\nContent-Length: 0".to_owned(),
            Vec::new(),
        ),
    ] {
        let done = download(vec![broken_off(), wrong, ok(body.len(), &body)], &body);
        done.gives(&body);
        assert!(!done.asked[2].contains("range"), "{}", done.asked[2]);
    }
    // The right part, with the bytes of another file.
    let done = download(
        vec![
            broken_off(),
            part(100_000, body.len(), &vec![7; rest.len()]),
            ok(body.len(), &body),
        ],
        &body,
    );
    done.gives(&body);
}

#[test]
fn failures_that_pass_and_those_that_do_not() {
    let body = bytes();
    let done = download(
        vec![
            status("500 Internal Server Error"),
            status("429 Too Many Requests"),
            Says(String::new(), Vec::new()),
            ok(body.len(), &body),
        ],
        &body,
    );
    done.gives(&body);
    let four = |make: fn() -> Answer| (0..4).map(|_| make()).collect();
    download(four(|| status("503 Service Unavailable")), &body)
        .fails("gave up after 4 attempts: the server answered 503 Service Unavailable");
    for refused in ["404 Not Found", "401 Unauthorized", "206 Partial Content"] {
        download(vec![status(refused)], &body).fails(&format!("the server answered {refused}"));
    }
    let directory = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = archive(&format!("http://{address}/x"), &"0".repeat(64), directory.path()).unwrap_err();
    assert!(
        format!("{error:#}").contains("gave up after 4 attempts: Connection refused"),
        "{error:#}"
    );
}

#[test]
fn a_server_that_falls_silent_is_given_up() {
    let body = bytes();
    let silent = |head: &str, sent: &[u8]| Stalls(head.to_owned(), sent.to_vec());
    let head = format!("200 OK\r\nContent-Length: {}", body.len());
    // It goes on after the silence.
    let done = download_within(
        PATIENCE,
        vec![
            silent(&head, &body[..100_000]),
            part(100_000, body.len(), &body[100_000..]),
        ],
        &body,
    );
    done.gives(&body);
    let answers = (0..4).map(|_| silent("", b"")).collect();
    download_within(PATIENCE, answers, &body)
        .fails("gave up after 4 attempts: the server sent nothing for 1 s");
}

#[test]
fn lies_about_the_length_and_wrong_bytes() {
    let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let too_short = |_| ok(500, b"hello");
    download((0..4).map(too_short).collect(), b"hello")
        .fails("gave up after 4 attempts: the connection ended too early");
    download(vec![ok(5, b"hello, world")], b"hello, world").fails(&format!(
        "its SHA-256 is {hello}, not 09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b"
    ));
    download(vec![ok(9_999_999_999, b"hello")], b"hello").fails("it has more than 2 GiB");
    download(vec![ok(5, b"hullo")], b"hello").fails(&format!(
        "its SHA-256 is 7835066a1457504217688c8f5d06909c6591e0ca78c254ccf17450d0d999cab0, not {hello}"
    ));
}

#[test]
fn redirects_are_followed_and_keep_the_password_to_themselves() {
    let body = bytes();
    let (other, other_asked) = serve(vec![ok(body.len(), &body)]);
    let redirect = status(&format!(
        "302 Found\r\nLocation: http://{other}/elsewhere?signature=s3cret"
    ));
    let (address, asked) = serve(vec![redirect, status("404 Not Found")]);
    let sha256 = sha256_of(&mut std::io::Cursor::new(&body)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let url = format!("http://me:hunter2@{address}/x.tar.gz?token=hunter3");
    let file = archive(&url, &sha256, directory.path()).unwrap();
    assert_eq!(fs::read(&file).unwrap(), body);
    fs::remove_file(&file).unwrap();
    let error = archive(&url, &sha256, directory.path()).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        format!("failed to download `http://{address}/x.tar.gz`: the server answered 404 Not Found")
    );
    let asked = asked.join().unwrap();
    assert!(asked[0].contains("\nauthorization: basic "), "{}", asked[0]);
    let other_asked = other_asked.join().unwrap();
    assert!(!other_asked[0].contains("authorization"), "{}", other_asked[0]);
    // In a circle.
    let circle = |_| status("302 Found\r\nLocation: /x.tar.gz");
    download((0..11).map(circle).collect(), &body).fails("the server redirects too often");
}

#[test]
fn files_of_this_machine() {
    let body = bytes();
    let sha256 = sha256_of(&mut std::io::Cursor::new(&body)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (
        directory.path().join("a mirror+"),
        directory.path().join("downloads"),
    );
    fs::create_dir(&from).unwrap();
    fs::write(from.join("x+1.tar.gz"), &body).unwrap();
    let url = format!("file://{}/a%20mirror+/x%2B1.tar.gz", directory.path().display());
    let file = archive(&url, &sha256, &to).unwrap();
    assert_eq!(fs::read(file).unwrap(), body);
    let error = archive(&url.replace("x%2B1", "y"), &sha256, &to).unwrap_err();
    assert!(format!("{error:#}").contains("No such file"), "{error:#}");
    let error = archive(&url.replace("/x%2B1.tar.gz", ""), &sha256, &to).unwrap_err();
    assert!(
        format!("{error:#}").ends_with("a mirror+` is no file"),
        "{error:#}"
    );
}

#[test]
fn what_a_kill_has_left_is_removed_after_a_day() {
    let body = bytes();
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    for name in [".download-new", ".download-old"] {
        fs::write(at(name), "").unwrap();
    }
    for name in ["python-new", "python-old", "cpython-old"] {
        fs::create_dir_all(at(name).join("python")).unwrap();
    }
    let yesterday = SystemTime::now() - 2 * LEFT_BEHIND;
    for name in [".download-old", "python-old", "cpython-old"] {
        fs_err::File::open(at(name))
            .unwrap()
            .set_modified(yesterday)
            .unwrap();
    }
    let (address, _asked) = serve(vec![ok(body.len(), &body)]);
    let sha256 = sha256_of(&mut std::io::Cursor::new(&body)).unwrap();
    archive(&format!("http://{address}/x"), &sha256, directory.path()).unwrap();
    assert!(!at(".download-old").exists() && !at("python-old").exists());
    assert!(at(".download-new").exists() && at("python-new").exists() && at("cpython-old").exists());
}
