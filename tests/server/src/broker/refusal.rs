//! What the broker answers: JSON with a status, or one of its documented refusals.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::money::Decimal;

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// `None` is no body at all.
    pub body: Option<Value>,
}

impl Answer {
    pub fn ok(body: Value) -> Answer {
        Answer { status: StatusCode::OK, body: Some(body) }
    }

    pub fn many(body: Value) -> Answer {
        Answer { status: StatusCode::MULTI_STATUS, body: Some(body) }
    }

    pub fn nothing() -> Answer {
        Answer { status: StatusCode::NO_CONTENT, body: None }
    }
}

/// The refusals, as an answer that ends the handling of a request.
pub fn refusal(status: u16, body: Value) -> Answer {
    Answer { status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body: Some(body) }
}

fn coded(status: u16, code: u32, message: impl Into<String>) -> Answer {
    refusal(status, json!({ "code": code, "message": message.into() }))
}

pub fn unauthorized() -> Answer {
    coded(401, 40_110_000, "request is not authorized")
}

pub fn forbidden() -> Answer {
    refusal(403, json!({ "message": "forbidden." }))
}

pub fn malformed() -> Answer {
    coded(400, 40_010_000, "request body format is invalid")
}

/// A field is missing, or not of its kind.
pub fn invalid(message: impl Into<String>) -> Answer {
    coded(422, 40_010_001, message)
}

/// The request is well-formed and cannot be done.
pub fn unprocessable(message: impl Into<String>) -> Answer {
    coded(422, 42_210_000, message)
}

pub fn not_found(message: impl Into<String>) -> Answer {
    coded(404, 40_410_000, message)
}

pub fn buying_power(available: Decimal, cost: Decimal) -> Answer {
    let body = json!({ "code": 40_310_000, "message": "insufficient buying power",
        "buying_power": available, "cost_basis": cost });
    refusal(403, body)
}

pub fn quantity(symbol: &str, asked: Decimal, existing: Decimal, held: Decimal) -> Answer {
    let available = existing - held;
    let message = format!("insufficient qty available for order (requested: {asked}, available: {available})");
    let body = json!({ "code": 40_310_000, "message": message, "symbol": symbol, "available": available,
        "existing_qty": existing, "held_for_orders": held });
    refusal(403, body)
}

pub fn too_many(data: bool) -> Answer {
    if data {
        refusal(429, json!({ "message": "too many requests." }))
    } else {
        coded(429, 42_910_000, "rate limit exceeded")
    }
}
