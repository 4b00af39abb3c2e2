//! A file at a URL, of which only the blocks that are read are transferred.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use super::input::without_secrets;
use super::stream::{Stream, StreamError, forbid_retries};

/// Bytes of a block. htslib reads objects in S3 by parts of this larger size, so smaller blocks would waste most.
const BLOCK: u64 = 64 << 10;
const S3_BLOCK: u64 = 1 << 20;
/// Maximum bytes of a request.
const LONGEST_REQUEST: u64 = 4 << 20;
/// Bytes of blocks that are kept of a file.
const KEPT: u64 = 64 << 20;

/// The opened files of this run. A file is checked, measured and read several times, but each block should travel once.
static FILES: Mutex<Vec<Arc<RemoteFile>>> = Mutex::new(Vec::new());

/// The first fault after a file was opened.
static FAULT: Mutex<Option<RemoteFault>> = Mutex::new(None);

/// A file at a URL.
pub struct RemoteFile {
    url: String,
    length: u64,
    block: u64,
    blocks: Mutex<Blocks>,
    /// Signals that a request ended.
    arrival: Condvar,
    /// Idle streams from S3, which keep their connections.
    idle: Mutex<Vec<Stream>>,
}

#[derive(Default)]
struct Blocks {
    /// Blocks by number, with the time of their last use.
    kept: BTreeMap<u64, (u64, Arc<[u8]>)>,
    /// First and last number of the blocks that are on their way.
    requested: Vec<Range<u64>>,
    clock: u64,
}

/// Why a file at a URL cannot be read.
#[derive(Clone, Debug)]
pub struct RemoteFault {
    url: String,
    cause: String,
    /// Whether the server has no such file, or shows it to others only.
    pub is_missing: bool,
}

impl fmt::Display for RemoteFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

impl std::error::Error for RemoteFault {}

/// Takes the fault that broke the reading of a file at a URL, if there was one. htslib's own errors do not tell it.
pub fn remote_fault() -> Option<anyhow::Error> {
    let fault = lock(&FAULT).take()?;
    let place = format!("cannot read {}", fault.url);
    Some(anyhow::Error::new(fault).context(place))
}

/// How often and how late a failed request is repeated. The variables are htslib's.
#[derive(Clone, Copy)]
struct Retries {
    most: u64,
    delay: Duration,
    longest: Duration,
}

impl Retries {
    fn get() -> Self {
        static RETRIES: OnceLock<Retries> = OnceLock::new();
        *RETRIES.get_or_init(|| {
            let number = |name, default| {
                let value = std::env::var(name).ok();
                value.and_then(|value| value.parse().ok()).unwrap_or(default)
            };
            Self {
                most: number("HTS_RETRY_MAX", 3),
                delay: Duration::from_millis(number("HTS_RETRY_DELAY", 500)),
                longest: Duration::from_millis(number("HTS_RETRY_MAX_DELAY", 60_000)),
            }
        })
    }
}

/// Prepares htslib for URLs. Call it before other threads run.
pub fn prepare() {
    Retries::get();
    forbid_retries();
}

impl RemoteFile {
    /// Opens a file, or finds it among the opened files. The number names the file for [`Self::numbered`].
    pub fn open(url: &str) -> io::Result<(usize, Arc<Self>)> {
        let mut files = lock(&FILES);
        if let Some(number) = files.iter().position(|file| file.url == url) {
            return Ok((number, files[number].clone()));
        }
        let file = Arc::new(Self::probe(url).map_err(io::Error::other)?);
        files.push(file.clone());
        Ok((files.len() - 1, file))
    }

    /// The opened file with this number.
    pub fn numbered(number: usize) -> Option<Arc<Self>> {
        lock(&FILES).get(number).cloned()
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads the first block, and finds the length. Fails unless the server gives any range of a larger file.
    fn probe(url: &str) -> Result<Self, RemoteFault> {
        let is_s3 = url.starts_with("s3");
        let block = if is_s3 { S3_BLOCK } else { BLOCK };
        let (stream, first, length) = persist(url, || {
            let (mut stream, _) = Stream::open(url, None)?;
            let first = stream.read(block as usize)?;
            if (first.len() as u64) < block {
                let length = first.len() as u64;
                return Ok((stream, first, length));
            }
            if !is_s3 {
                // The error of a first seek does not tell the cause, but that of another request does.
                let again = || request_range(url, 1..2).and_then(|mut byte| byte.read(2)).err();
                let lost = StreamError {
                    status: None,
                    number: libc::EIO,
                };
                stream.seek(1..2).map_err(|_| again().unwrap_or(lost))?;
            }
            let length = stream.length()?;
            Ok((stream, first, length))
        })?;
        let mut blocks = Blocks::default();
        blocks.keep(0, first.into());
        Ok(Self {
            url: url.to_owned(),
            length,
            block,
            blocks: Mutex::new(blocks),
            arrival: Condvar::new(),
            idle: Mutex::new(if is_s3 { vec![stream] } else { Vec::new() }),
        })
    }

    /// Reads bytes from `offset` on into the buffer; 0 only at the end. `run` is the number of bytes that were read in a
    /// row before. If a request is needed, it also asks for half of these, so that at most a third of what travels is not
    /// used. After a jump it asks for one block, because htslib's buffer is larger than most of what is read there.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8], run: u64) -> io::Result<usize> {
        if offset >= self.length || buffer.is_empty() {
            return Ok(0);
        }
        let end = match run {
            0 => offset + 1,
            _ => (offset + buffer.len() as u64).min(self.length) + run / 2,
        };
        let block = self.block(offset / self.block, end).map_err(|fault| {
            lock(&FAULT).get_or_insert_with(|| fault.clone());
            io::Error::other(fault)
        })?;
        let from = &block[(offset % self.block) as usize..];
        let length = from.len().min(buffer.len());
        buffer[..length].copy_from_slice(&from[..length]);
        Ok(length)
    }

    /// A block. If it must be requested, blocks up to the byte `end` are requested with it.
    fn block(&self, number: u64, end: u64) -> Result<Arc<[u8]>, RemoteFault> {
        let mut blocks = lock(&self.blocks);
        loop {
            if let Some(block) = blocks.get(number) {
                return Ok(block);
            }
            if !blocks.is_requested(number) {
                break;
            }
            blocks = self.arrival.wait(blocks).unwrap_or_else(PoisonError::into_inner);
        }
        let last = end.min(self.length).div_ceil(self.block);
        let last = last.clamp(number + 1, number + (LONGEST_REQUEST / self.block).max(1));
        let is_absent = |&other: &u64| !blocks.kept.contains_key(&other) && !blocks.is_requested(other);
        let requested = number
            ..(number + 1..last)
                .take_while(is_absent)
                .last()
                .map_or(number, |last| last)
                + 1;
        blocks.requested.push(requested.clone());
        drop(blocks);
        let bytes = self.request(requested.start * self.block..(requested.end * self.block).min(self.length));
        let mut blocks = lock(&self.blocks);
        blocks.requested.retain(|other| *other != requested);
        self.arrival.notify_all();
        let bytes = bytes?;
        for (number, bytes) in requested.zip(bytes.chunks(self.block as usize)) {
            blocks.keep(number, bytes.into());
        }
        blocks.forget((KEPT / self.block) as usize);
        Ok(bytes[..bytes.len().min(self.block as usize)].into())
    }

    /// Transfers bytes, which the file has.
    fn request(&self, range: Range<u64>) -> Result<Vec<u8>, RemoteFault> {
        let length = (range.end - range.start) as usize;
        persist(&self.url, || {
            let bytes = match self.block {
                S3_BLOCK => self.request_from_s3(range.clone())?,
                // A request for more than the range shows whether the server sends more.
                _ => request_range(&self.url, range.clone())?.read(length + 1)?,
            };
            let number = match bytes.len() {
                found if found == length => return Ok(bytes),
                found if found < length => libc::EPIPE,
                _ => libc::ESPIPE,
            };
            Err(StreamError { status: None, number })
        })
    }

    fn request_from_s3(&self, range: Range<u64>) -> Result<Vec<u8>, StreamError> {
        let idle = lock(&self.idle).pop();
        let mut stream = idle.map_or_else(|| Stream::open(&self.url, None).map(|(stream, _)| stream), Ok)?;
        let length = (range.end - range.start) as usize;
        stream.seek(range)?;
        let bytes = stream.read(length)?;
        lock(&self.idle).push(stream);
        Ok(bytes)
    }
}

/// Opens a stream of a part of a file. Fails if the server would send the whole file.
fn request_range(url: &str, range: Range<u64>) -> Result<Stream, StreamError> {
    match Stream::open(url, Some(range))? {
        (_, 200) => Err(StreamError {
            status: None,
            number: libc::ESPIPE,
        }),
        (stream, _) => Ok(stream),
    }
}

/// Repeats a request until it succeeds, the error is final, or the retries are used up.
fn persist<T>(url: &str, mut request: impl FnMut() -> Result<T, StreamError>) -> Result<T, RemoteFault> {
    let retries = Retries::get();
    let (mut delay, mut repeated) = (retries.delay, 0);
    loop {
        let error = match request() {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if !error.may_pass() || repeated == retries.most {
            let tried = match repeated {
                0 => String::new(),
                _ => format!(" (tried {} times)", repeated + 1),
            };
            return Err(RemoteFault {
                url: without_secrets(url),
                cause: error.explain() + &tried,
                is_missing: error.is_missing(),
            });
        }
        log::debug!(
            "{}: {}; tries again in {delay:?}",
            without_secrets(url),
            error.explain()
        );
        sleep(delay);
        delay = (delay * 2).min(retries.longest);
        repeated += 1;
    }
}

impl Blocks {
    fn get(&mut self, number: u64) -> Option<Arc<[u8]>> {
        self.clock += 1;
        let (used, block) = self.kept.get_mut(&number)?;
        *used = self.clock;
        Some(block.clone())
    }

    fn keep(&mut self, number: u64, block: Arc<[u8]>) {
        self.clock += 1;
        self.kept.insert(number, (self.clock, block));
    }

    fn is_requested(&self, number: u64) -> bool {
        self.requested.iter().any(|range| range.contains(&number))
    }

    /// Forgets the blocks that were not used for the longest time, until `most` are left.
    fn forget(&mut self, most: usize) {
        if self.kept.len() <= most {
            return;
        }
        let mut times: Vec<u64> = self.kept.values().map(|(used, _)| *used).collect();
        times.sort_unstable();
        let oldest = times[times.len() - most * 3 / 4];
        self.kept.retain(|_, (used, _)| *used >= oldest);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_were_not_used_for_long_are_forgotten() {
        let mut blocks = Blocks::default();
        (0..8).for_each(|number| blocks.keep(number, Arc::from([number as u8])));
        assert_eq!(blocks.get(0).unwrap()[..], [0]);
        blocks.forget(8);
        assert_eq!(blocks.kept.len(), 8);
        blocks.forget(4);
        assert_eq!(blocks.kept.keys().copied().collect::<Vec<_>>(), [0, 6, 7]);
        assert!(blocks.get(1).is_none());
    }
}
