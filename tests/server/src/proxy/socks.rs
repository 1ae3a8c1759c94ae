//! The SOCKS proxy: version 4 with its extension 4a, and version 5 (RFC 1928) with user and password (RFC 1929).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use super::{Asked, Demand, PASSWORD, USER, connect};
use crate::state::State;

pub async fn serve(state: &State, port: &'static str, demand: Demand, mut client: TcpStream) -> io::Result<()> {
    match client.read_u8().await? {
        4 => version_4(state, port, demand, client).await,
        5 => version_5(state, port, demand, client).await,
        _ => Ok(()),
    }
}

async fn until_nul(client: &mut TcpStream) -> io::Result<String> {
    let mut text = Vec::new();
    loop {
        match client.read_u8().await? {
            0 => return Ok(String::from_utf8_lossy(&text).into_owned()),
            byte if text.len() < 1024 => text.push(byte),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

async fn version_4(state: &State, name: &'static str, demand: Demand, mut client: TcpStream) -> io::Result<()> {
    const GRANTED: u8 = 90;
    const FAILED: u8 = 91;
    const WRONG_USER: u8 = 93;
    let _connect = client.read_u8().await?;
    let port = client.read_u16().await?;
    let address = Ipv4Addr::from_bits(client.read_u32().await?);
    let user = until_nul(&mut client).await?;
    let named = address.octets()[..3] == [0; 3] && address.octets()[3] != 0;
    let host = if named { until_nul(&mut client).await? } else { address.to_string() };
    let target = connect(state, &host, port).await;
    let answer = match &target {
        _ if demand != Demand::Nothing && user != USER => WRONG_USER,
        Ok(_) => GRANTED,
        Err(_) => FAILED,
    };
    state.proxied.push(Asked {
        port: name,
        how: if named { "socks4a" } else { "socks4" },
        target: format!("{host}:{port}"),
        named,
        user: (!user.is_empty()).then_some(user),
        answer: answer.into(),
        ..Asked::default()
    });
    client.write_all(&[0, answer, 0, 0, 0, 0, 0, 0]).await?;
    relay(client, target, answer == GRANTED).await
}

async fn text(client: &mut TcpStream) -> io::Result<String> {
    let mut bytes = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn version_5(state: &State, name: &'static str, demand: Demand, mut client: TcpStream) -> io::Result<()> {
    const NO_CREDENTIALS: u8 = 0;
    const USER_AND_PASSWORD: u8 = 2;
    const NONE_FITS: u8 = 0xFF;
    const WRONG_PASSWORD: u16 = 0x101;
    let mut asked = Asked { port: name, how: "socks5", ..Asked::default() };
    let mut offered = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut offered).await?;
    let wanted = if demand == Demand::Nothing { NO_CREDENTIALS } else { USER_AND_PASSWORD };
    let chosen = if offered.contains(&wanted) { wanted } else { NONE_FITS };
    client.write_all(&[5, chosen]).await?;
    if chosen == NONE_FITS {
        asked.answer = NONE_FITS.into();
        state.proxied.push(asked);
        return Ok(());
    }
    if chosen == USER_AND_PASSWORD {
        let _version = client.read_u8().await?;
        let (user, password) = (text(&mut client).await?, text(&mut client).await?);
        let good = user == USER && password == PASSWORD;
        asked.user = Some(user);
        client.write_all(&[1, u8::from(!good)]).await?;
        if !good {
            asked.answer = WRONG_PASSWORD;
            state.proxied.push(asked);
            return Ok(());
        }
    }
    let mut head = [0; 4];
    client.read_exact(&mut head).await?;
    let host = match head[3] {
        1 => Ipv4Addr::from_bits(client.read_u32().await?).to_string(),
        4 => format!("[{}]", Ipv6Addr::from_bits(client.read_u128().await?)),
        _ => text(&mut client).await?,
    };
    let port = client.read_u16().await?;
    let target = connect(state, &host, port).await;
    const REFUSED: u8 = 5;
    let answer = if target.is_ok() { 0 } else { REFUSED };
    (asked.target, asked.named, asked.answer) = (format!("{host}:{port}"), head[3] == 3, answer.into());
    state.proxied.push(asked);
    client.write_all(&[5, answer, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    relay(client, target, answer == 0).await
}

async fn relay(mut client: TcpStream, target: io::Result<TcpStream>, granted: bool) -> io::Result<()> {
    if granted {
        copy_bidirectional(&mut client, &mut target?).await?;
    }
    Ok(())
}
