//! reqwest, a task for each request in flight.

use reqwest::{Certificate, Client};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

struct Args {
    base: String,
    ca: Option<String>,
    in_flight: usize,
    length: Duration,
}

fn processor_seconds() -> f64 {
    // SAFETY: a struct of numbers, and a call that fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn client(ca: Option<&str>) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder().no_proxy().user_agent("http-sentinel/0.1.0");
    if let Some(ca) = ca {
        let pem = std::fs::read(ca).expect("the CA's file");
        builder = builder.tls_certs_only([Certificate::from_pem(&pem).expect("a certificate")]);
    }
    builder.build().expect("a client")
}

async fn get(client: &Client, url: &str) {
    let response = client.get(url).send().await.expect("a response");
    assert_eq!(response.status(), 200);
    assert!(!response.bytes().await.expect("a body").is_empty());
}

async fn contest(args: Args) {
    let client = client(args.ca.as_deref());
    let then: Arc<str> = format!("{}/", args.base).into();
    let first: Arc<str> = match args.ca {
        Some(_) => then.clone(),
        None => format!("{}/meet/{}", args.base, args.in_flight).into(),
    };
    let (met, ended) = (Arc::new(tokio::sync::Semaphore::new(0)), Arc::new(AtomicU64::new(0)));
    for _ in 0..args.in_flight {
        let (client, first, then, met, ended) =
            (client.clone(), first.clone(), then.clone(), met.clone(), ended.clone());
        tokio::spawn(async move {
            get(&client, &first).await;
            met.add_permits(1);
            loop {
                get(&client, &then).await;
                ended.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let _all = met.acquire_many(args.in_flight as u32).await.expect("is not closed");
    tokio::time::sleep(args.length / 3).await;
    let (start, processor, before) = (Instant::now(), processor_seconds(), ended.load(Ordering::Relaxed));
    tokio::time::sleep(args.length).await;
    let count = (ended.load(Ordering::Relaxed) - before) as f64;
    let (elapsed, processor) = (start.elapsed().as_secs_f64(), processor_seconds() - processor);
    println!("{:.1} {:.3}", count / elapsed, processor * 1e6 / count);
    std::process::exit(0);
}

fn runtime(threads: usize) -> Runtime {
    let mut builder = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.worker_threads(threads).enable_all().build().expect("a runtime")
}

/// `URL CA_FILE|- IN_FLIGHT MILLISECONDS THREADS`, as the other contestants have it.
pub fn run(args: &[String]) {
    let number = |at: usize| args[at].parse::<usize>().expect("a number");
    let args_of = Args {
        base: args[0].clone(),
        ca: (args[1] != "-").then(|| args[1].clone()),
        in_flight: number(2),
        length: Duration::from_millis(number(3) as u64),
    };
    runtime(number(4)).block_on(contest(args_of));
}
