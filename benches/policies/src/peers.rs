//! The crates that do the same, each as its own documentation uses it.

use failsafe::CircuitBreaker;
use governor::{Quota, RateLimiter};
use std::convert::Infallible;
use std::future::{Future, ready};
use std::hint::black_box;
use std::num::NonZeroU32;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Service, ServiceBuilder, service_fn};
use tower_resilience::bulkhead::BulkheadLayer;
use tower_resilience::circuitbreaker::CircuitBreakerLayer;
use tower_resilience::ratelimiter::{RateLimiterLayer, WindowType};
use tower_resilience::retry::RetryLayer;

/// What never waits needs no runtime.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fn calls<S>(mut service: S) -> impl FnMut(u64)
where
    S: Service<u64, Response = u64>,
    S::Error: std::fmt::Debug,
{
    move |rounds| {
        for round in 0..rounds {
            at_once(std::future::poll_fn(|cx| service.poll_ready(cx))).expect("ready");
            black_box(at_once(service.call(round)).expect("admitted"));
        }
    }
}

pub fn failsafe() -> impl FnMut(u64) {
    let breaker = failsafe::Config::new().build();
    move |rounds| {
        for round in 0..rounds {
            let _ = black_box(breaker.call(|| Ok::<u64, ()>(black_box(round))));
        }
    }
}

pub fn tower_breaker() -> impl FnMut(u64) {
    let layer = CircuitBreakerLayer::builder().sliding_window_size(100).build().expect("valid");
    calls(ServiceBuilder::new().layer(layer).service(service_fn(|one: u64| ready(Ok::<u64, Infallible>(one)))))
}

pub fn tower_bulkhead() -> impl FnMut(u64) {
    let layer = BulkheadLayer::builder().max_concurrent_calls(100).build().expect("valid");
    calls(ServiceBuilder::new().layer(layer).service(service_fn(|one: u64| ready(Ok::<u64, Infallible>(one)))))
}

/// So much that nobody waits.
const PLENTY: NonZeroU32 = NonZeroU32::new(1_000_000_000).unwrap();

pub fn governor_direct() -> impl FnMut(u64) {
    let limiter = RateLimiter::direct(Quota::per_second(PLENTY));
    move |rounds| {
        for _ in 0..rounds {
            black_box(limiter.check()).expect("admitted");
        }
    }
}

pub fn governor_keyed() -> impl FnMut(u64) {
    let limiter = RateLimiter::keyed(Quota::per_second(PLENTY));
    let key = String::from("https://api.example.com:443");
    move |rounds| {
        for _ in 0..rounds {
            black_box(limiter.check_key(black_box(&key))).expect("admitted");
        }
    }
}

pub fn tower_log() -> impl FnMut(u64) {
    let layer = RateLimiterLayer::builder()
        .limit_for_period(100_000)
        .refresh_period(Duration::from_millis(2))
        .window_type(WindowType::SlidingLog)
        .build()
        .expect("valid");
    calls(ServiceBuilder::new().layer(layer).service(service_fn(|one: u64| ready(Ok::<u64, Infallible>(one)))))
}

pub fn tower_all() -> impl FnMut(u64) {
    let retry = RetryLayer::builder().max_attempts(3).fixed_backoff(Duration::from_millis(100)).build();
    let breaker = CircuitBreakerLayer::builder().sliding_window_size(100).build().expect("valid");
    let limiter =
        RateLimiterLayer::builder().limit_for_period(1_000_000_000).refresh_period(Duration::from_secs(1)).build();
    calls(
        ServiceBuilder::new()
            .layer(retry)
            .layer(breaker)
            .layer(limiter.expect("valid"))
            .service(service_fn(|one: u64| ready(Ok::<u64, Infallible>(one)))),
    )
}
