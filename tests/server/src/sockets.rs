//! Listening sockets, and the sockets that are broken on purpose.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

const BACKLOG: i32 = 4096;

fn bound(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&addr.into())?;
    Ok(socket)
}

fn local_addr(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("not an IP socket"))
}

fn listening(socket: Socket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// One port: a listener on `ip`, and with `dual_stack` one on `[::1]` with the same number.
pub fn listen(ip: IpAddr, dual_stack: bool) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let mut last = None;
    for _ in 0..50 {
        let socket = bound(SocketAddr::new(ip, 0))?;
        let addr = local_addr(&socket)?;
        if !dual_stack || ip == v6 {
            return Ok((addr, vec![listening(socket)?]));
        }
        match bound(SocketAddr::new(v6, addr.port())) {
            Ok(second) => return Ok((addr, vec![listening(socket)?, listening(second)?])),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = Some(error),
            // A machine without IPv6: one stack is all there is.
            Err(_) => return Ok((addr, vec![listening(socket)?])),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("no port is free on both stacks")))
}

/// A port that refuses connections: bound, so that nobody else gets it, and never listening.
pub struct Closed {
    pub addr: SocketAddr,
    _socket: Socket,
}

impl Closed {
    pub fn new(ip: IpAddr) -> io::Result<Closed> {
        let socket = bound(SocketAddr::new(ip, 0))?;
        Ok(Closed { addr: local_addr(&socket)?, _socket: socket })
    }
}

/// A port on which connecting hangs: its backlog is full and nobody accepts.
pub struct StallConnect {
    pub addr: SocketAddr,
    _listener: Socket,
    _fillers: Vec<Socket>,
}

impl StallConnect {
    pub fn new(ip: IpAddr) -> io::Result<StallConnect> {
        let listener = bound(SocketAddr::new(ip, 0))?;
        listener.listen(0)?;
        let addr = local_addr(&listener)?;
        let mut fillers = Vec::new();
        // Connections that do not complete prove the backlog full; a loaded machine may be late with one. They are kept:
        // when their handshakes are retried the backlog is still full, as those before them are never accepted or closed.
        for _ in 0..64 {
            let filler = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
            let outcome = filler.connect_timeout(&addr.into(), Duration::from_millis(60));
            fillers.push(filler);
            match outcome {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    if fillers.iter().filter(|filler| filler.peer_addr().is_err()).count() == 2 {
                        return Ok(StallConnect { addr, _listener: listener, _fillers: fillers });
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("the backlog of a listener cannot be filled here"))
    }
}

/// Lets the process hold as many descriptors as the machine allows.
pub fn raise_descriptor_limit() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls only read or write the struct they are given.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 && limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}

/// Makes the next close of the socket send RST instead of FIN.
pub fn reset_on_close(stream: &tokio::net::TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
