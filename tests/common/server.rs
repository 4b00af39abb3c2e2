//! A small server of files over HTTP, with faults on demand.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What the server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The requested range.
    Right,
    Status(u16),
    /// The whole file, whatever the range.
    Whole,
    /// Half of what it announces.
    Half,
    /// As many bytes as requested, from another place.
    Shifted,
    /// More bytes than requested.
    More,
}

pub struct Request {
    /// Path in the URL, without the query.
    pub path: String,
    /// First byte of the range; none without a range.
    pub start: Option<u64>,
    /// Number of requests before.
    pub before: usize,
}

/// A running server. It ends with the test.
pub struct Server {
    /// Without a slash at its end.
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

type Rule = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

impl Server {
    /// Serves the files of a folder.
    pub fn start(folder: &Path, rule: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (folder, rule, requests) = (folder.to_owned(), Arc::new(rule) as Rule, Arc::default());
        let server = Self {
            url,
            requests: Arc::clone(&requests),
        };
        let before = Arc::new(AtomicUsize::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, rule, requests, before) = (folder.clone(), rule.clone(), requests.clone(), before.clone());
                // An error is a client that hung up.
                std::thread::spawn(move || drop(answer(stream, folder, &rule, &requests, &before)));
            }
        });
        server
    }

    /// The paths of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(
    stream: TcpStream,
    folder: PathBuf,
    rule: &Rule,
    requests: &Mutex<Vec<String>>,
    before: &AtomicUsize,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
    let mut range = None;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? <= 2 {
            break;
        }
        let value = header.to_ascii_lowercase();
        if let Some((start, end)) = value
            .strip_prefix("range: bytes=")
            .and_then(|range| range.split_once('-'))
        {
            range = Some((start.parse::<u64>().unwrap(), end.trim().parse::<u64>().ok()));
        }
    }
    requests.lock().unwrap().push(path.clone());
    let request = Request {
        before: before.fetch_add(1, Ordering::SeqCst),
        start: range.map(|(start, _)| start),
        path,
    };
    let file = std::fs::read(folder.join(request.path.trim_start_matches('/')));
    let rule = if file.is_ok() {
        rule(&request)
    } else {
        Answer::Status(404)
    };
    let (file, mut stream) = (file.unwrap_or_default(), &stream);
    let length = file.len() as u64;
    if let Answer::Status(status) = rule {
        return write!(
            stream,
            "HTTP/1.1 {status} Fault\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
    }
    let (start, end) = match range.filter(|_| rule != Answer::Whole) {
        Some((start, end)) => (start, end.map_or(length, |end| (end + 1).min(length))),
        None => (0, length),
    };
    let status = match range.filter(|_| rule != Answer::Whole) {
        Some(_) => format!(
            "206 Partial Content\r\nContent-Range: bytes {start}-{}/{length}",
            end - 1
        ),
        None => "200 OK".to_owned(),
    };
    let (from, to) = match rule {
        Answer::Shifted if start > 1 => (start - 1, end - 1),
        Answer::More => (start, (end + 1).min(length)),
        _ => (start, end),
    };
    let body = &file[from as usize..to as usize];
    let sent = if rule == Answer::Half {
        body.len() / 2
    } else {
        body.len()
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body[..sent])
}
