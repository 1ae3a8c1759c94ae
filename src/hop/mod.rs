//! The hop loop: from the URL that was asked for to the response that is handed back. Redirects, cookies, the address
//! rule and the header policy across origins go here; each hop is one exchange.

use crate::body::{Pipeline, Sink};
use crate::call::{Call, exchange};
use crate::error::Error;
use crate::http::metrics::ExchangeMetrics;
use crate::http::request::Request;
use crate::http::response::Head;
use std::rc::Rc;

/// Where the hops ended.
pub struct Landing {
    pub head: Head,
    pub body: Vec<u8>,
    pub url: String,
    pub redirects: u32,
    pub exchange: ExchangeMetrics,
}

pub async fn run(call: &Call, request: &Rc<Request>, sink: Sink<'_>) -> Result<Landing, Error> {
    let mut pipeline = Pipeline::new(sink, call.max_body_bytes());
    let (head, metrics) = exchange(call, request, &mut pipeline).await?;
    let url = request.url.as_str().to_owned();
    Ok(Landing { head, body: pipeline.finish(), url, redirects: 0, exchange: metrics })
}
