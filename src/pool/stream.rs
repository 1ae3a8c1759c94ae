//! A body on its way from a thread of the pool to whoever reads it: no faster than that one takes it.

use super::order::{BodyWriter, Ticket};
use crate::call::{Incoming, Patience};
use crate::error::Error;
use crate::http::response::Response;
use crate::panics;
use crate::worker::Tail;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Carries out a request whose body is streamed.
pub async fn carry(mut ticket: Ticket, opening: impl Future<Output = Result<(Response, Incoming), Error>>) {
    let (response, incoming) = match panics::caught(Box::pin(opening)).await {
        Ok(opened) => opened,
        Err(error) => return ticket.complete(Err(error)),
    };
    let writer = ticket.open(response);
    match panics::caught(Box::pin(pump(incoming, &writer))).await {
        Ok(Some(tail)) => writer.finish(Ok(tail)),
        Ok(None) => {}
        Err(error) => writer.finish(Err(error)),
    }
}

/// `None` where nobody wants the rest.
async fn pump(mut incoming: Incoming, writer: &BodyWriter) -> Result<Option<Tail>, Error> {
    let mut patience = Patience::default();
    loop {
        let piece = async {
            incoming.meanwhile(writer.room()).await?;
            incoming.next_within(&mut patience, None).await
        };
        match unless_closed(writer, piece).await {
            None => return Ok(None),
            Some(Ok(Some(piece))) => writer.send(piece),
            Some(Ok(None)) => {
                incoming.over(Ok(()))?;
                return Ok(Some(Tail::of(&incoming)));
            }
            Some(Err(error)) => return incoming.over(Err(incoming.broke_off(error))),
        }
    }
}

async fn unless_closed<T>(writer: &BodyWriter, wait: impl Future<Output = T>) -> Option<T> {
    let (mut wait, mut closed) = (pin!(wait), pin!(writer.closed()));
    poll_fn(|cx| {
        if closed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        wait.as_mut().poll(cx).map(Some)
    })
    .await
}
