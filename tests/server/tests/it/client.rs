//! A client small enough to trust: one blocking socket, and what came back on it.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::Value;

#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("a body of text")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }
}

pub struct Client {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Client {
    /// Connects to `http://host:port` or `host:port`.
    pub fn connect(address: &str) -> Client {
        let address = address.trim_start_matches("http://").to_socket_addrs().unwrap().next().unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Client { stream, input: Vec::new() }
    }

    pub fn send(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).unwrap();
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 << 10];
        match self.stream.read(&mut piece)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            size => {
                self.input.extend_from_slice(&piece[..size]);
                Ok(())
            }
        }
    }

    pub fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.input.len() < count {
            self.fill()?;
        }
        Ok(self.input.drain(..count).collect())
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(at) = self.input.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.take(at + 2)?;
                return Ok(String::from_utf8(line[..at].to_vec()).unwrap());
            }
            self.fill()?;
        }
    }

    fn fields(&mut self) -> io::Result<Vec<(String, String)>> {
        let mut fields = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(fields);
            }
            let (name, value) = line.split_once(':').expect("a header field");
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    pub fn head(&mut self) -> io::Result<Answer> {
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
        Ok(Answer { status, headers: self.fields()?, ..Answer::default() })
    }

    /// The next answer on the connection.
    pub fn read(&mut self) -> io::Result<Answer> {
        let mut answer = self.head()?;
        if answer.status < 200 {
            return Ok(answer);
        }
        if let Some(length) = answer.header("content-length") {
            answer.body = self.take(length.parse().unwrap())?;
        } else if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(&self.line()?, 16).expect("a chunk size");
                if size == 0 {
                    answer.trailers = self.fields()?;
                    break;
                }
                answer.body.extend(self.take(size)?);
                assert_eq!(self.line()?, "");
            }
        }
        Ok(answer)
    }

    /// Everything until the server closes, or the error that ended it.
    pub fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match self.fill() {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(std::mem::take(&mut self.input));
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub fn request(&mut self, method: &str, target: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        self.send(format!("{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n{body}"));
        self.read().unwrap()
    }

    pub fn get(&mut self, target: &str) -> Answer {
        self.request("GET", target, "", "")
    }
}
