//! Unix sockets: whoever connects there is passed on to a port.

use std::io;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net as std_unix;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener};
use tokio::runtime::Handle;

use crate::state::State;

/// Listens at a path of the folder and at a name in the abstract namespace, which it returns.
pub fn forward(state: &Arc<State>, runtime: &Handle, folder: &Path, to: SocketAddr) -> io::Result<(String, String)> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let path = folder.join("http.sock").to_string_lossy().into_owned();
    let name = format!("hs-test-server-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let by_name = std_unix::SocketAddr::from_abstract_name(&name)?;
    for listener in [std_unix::UnixListener::bind(&path)?, std_unix::UnixListener::bind_addr(&by_name)?] {
        listener.set_nonblocking(true)?;
        runtime.spawn(pass_on(state.clone(), listener, to));
    }
    Ok((path, name))
}

async fn pass_on(state: Arc<State>, listener: std_unix::UnixListener, to: SocketAddr) {
    let Ok(listener) = UnixListener::from_std(listener) else { return };
    while let Ok((mut outside, _)) = listener.accept().await {
        state.counters.add_one("unix");
        tokio::spawn(async move {
            if let Ok(mut inside) = TcpStream::connect(to).await {
                let _ = inside.set_nodelay(true);
                let _ = copy_bidirectional(&mut outside, &mut inside).await;
            }
        });
    }
}
