//! Hedging: a second request beside one that takes too long, and whichever head comes first is taken. "The Tail at
//! Scale" (Dean and Barroso, CACM 56/2, 2013) calls it a hedged request.

use super::admission::{Admission, Admit};
use super::record::Track;
use super::{Call, Incoming};
use crate::error::{Error, Sent};
use crate::hop::{self, Landing};
use crate::http::body::Body;
use crate::http::headers::HeaderBlock;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::observe::HedgeEvent;
use crate::resilience::hedge::HedgeOptions;
use crate::resilience::retry::verdict::{self, Class, Ending, Outcome};
use crate::resilience::stop::WaitReason;
use crate::runtime::clock::Instant;
use crate::runtime::timers::Sleep;
use crate::status::{HS_ERR_CANCELLED, HS_ERR_TIMEOUT};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

type Opened = Result<(Response, Incoming), Error>;

/// The head of one attempt, by itself or by one of its hedges, whose record comes with it.
pub async fn head(call: &Rc<Call>, request: &Rc<Request>, track: Rc<Track>, began: Instant) -> (Rc<Track>, Opened) {
    let policies = call.policies();
    let Some(options) = &policies.hedge else {
        let opened = open(call, request, &track, Admit::Waiting).await;
        return (track, opened);
    };
    // What is read while it is sent can be read once at a time.
    let twice = request.is_idempotent() && matches!(request.body, Body::Bytes(_));
    let delay = match (twice, options.delay) {
        (false, _) => None,
        (true, Some(delay)) => Some(delay),
        (true, None) => policies.latencies.quantile(request.url.origin()),
    };
    let Some(delay) = delay else {
        let opened = open(call, request, &track, Admit::Waiting).await;
        learn(call, request, began, &opened);
        return (track, opened);
    };
    let first = Runner::new(call, request, track, Admit::Waiting);
    let race = Race {
        call,
        request,
        options,
        delay,
        next: call.at(began.saturating_add(delay)),
        runners: vec![first],
        skipped: false,
    };
    race.run().await
}

/// One request of a race.
struct Runner {
    track: Rc<Track>,
    began: Instant,
    future: Pin<Box<dyn Future<Output = Opened>>>,
    /// What it ended with, where that was not good enough to win at once.
    opened: Option<Opened>,
}

impl Runner {
    fn new(call: &Rc<Call>, request: &Rc<Request>, track: Rc<Track>, admit: Admit) -> Runner {
        let began = call.now();
        let (call, request, own) = (call.clone(), request.clone(), track.clone());
        let future = Box::pin(async move { open(&call, &request, &own, admit).await });
        Runner { track, began, future, opened: None }
    }
}

struct Race<'a> {
    call: &'a Rc<Call>,
    request: &'a Rc<Request>,
    options: &'a HedgeOptions,
    delay: Duration,
    /// When the next hedge is due.
    next: Sleep,
    runners: Vec<Runner>,
    /// Something spoke against a hedge: there is no other.
    skipped: bool,
}

impl Race<'_> {
    async fn run(mut self) -> (Rc<Track>, Opened) {
        let winner = poll_fn(|cx| self.poll(cx)).await;
        let hedged = self.runners.len() > 1;
        for (place, runner) in self.runners.iter().enumerate() {
            if place == winner {
                if hedged {
                    self.call.watch().hedge(self.request.url.origin(), HedgeEvent::Won, runner.track.hedge, "");
                }
            } else if runner.opened.is_none() {
                // The one that is still running is stopped with its exchange, when it is dropped.
                runner.track.ended(self.call, self.call.now(), Err(&Error::plain(HS_ERR_CANCELLED)), Sent::Maybe);
                self.call.watch().hedge(self.request.url.origin(), HedgeEvent::Lost, runner.track.hedge, "");
            } else {
                runner.track.tell_end(self.call);
            }
        }
        let runner = self.runners.swap_remove(winner);
        let opened = runner.opened.expect("the winner has ended");
        learn(self.call, self.request, runner.began, &opened);
        (runner.track, opened)
    }

    /// Ready with the place of the winner.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        loop {
            let mut ended = 0;
            let mut failed_now = false;
            for place in 0..self.runners.len() {
                let runner = &mut self.runners[place];
                if runner.opened.is_none()
                    && let Poll::Ready(opened) = runner.future.as_mut().poll(cx)
                {
                    let wins = self.wins(&opened);
                    let runner = &mut self.runners[place];
                    runner.opened = Some(opened);
                    if wins {
                        return Poll::Ready(place);
                    }
                    self.note_loss(place);
                    failed_now = true;
                }
                ended += usize::from(self.runners[place].opened.is_some());
            }
            let more = !self.skipped && self.runners.len() <= self.options.max_hedges as usize;
            let due = more && (failed_now || Pin::new(&mut self.next).poll(cx).is_ready());
            if due && self.start_one() {
                continue;
            }
            if ended == self.runners.len() {
                return Poll::Ready(self.best());
            }
            return Poll::Pending;
        }
    }

    /// Whether there is nothing better to wait for.
    fn wins(&self, opened: &Opened) -> bool {
        let (ending, sent) = match opened {
            Ok((response, _)) => (Ending::Answer(response.head.status), Sent::Yes),
            Err(error) if matches!(error.status(), HS_ERR_CANCELLED | HS_ERR_TIMEOUT) => return true,
            Err(error) => (Ending::Failure(error.status()), error.details().sent),
        };
        let sent_a_key = self.request.has_key();
        let outcome = Outcome { ending, sent, sent_a_key, ran: Duration::ZERO, retry_after: None };
        let class = verdict::decide(&outcome, &self.call.policies().retry).class;
        matches!(class, Class::Final | Class::Never)
    }

    /// A response that does not win at once may still be the best there is: its attempt is not over.
    fn note_loss(&self, place: usize) {
        let runner = &self.runners[place];
        match &runner.opened {
            Some(Ok((response, _))) => {
                runner.track.note(self.call, self.call.now(), Ok(response.head.status), Sent::Yes)
            }
            Some(Err(error)) => runner.track.ended(self.call, self.call.now(), Err(error), error.details().sent),
            None => {}
        }
    }

    /// All have failed: a response before an error, the earlier before the later.
    fn best(&self) -> usize {
        self.runners.iter().position(|runner| matches!(runner.opened, Some(Ok(_)))).unwrap_or(0)
    }

    /// Starts a hedge where nothing speaks against it; it never waits and never takes the place of a first request.
    fn start_one(&mut self) -> bool {
        let call = self.call;
        let hedge = self.runners.len() as u32;
        let now = call.now();
        self.next = call.at(now.saturating_add(self.delay));
        let admission = match Admission::now(call, self.request) {
            Ok(admission) => admission,
            Err(why) => {
                call.watch().hedge(self.request.url.origin(), HedgeEvent::Skipped, hedge, why);
                self.skipped = true;
                return false;
            }
        };
        if !call.gates(&self.request.url, now).account.withdraw(now) {
            admission.give_back();
            call.watch().hedge(self.request.url.origin(), HedgeEvent::Skipped, hedge, "budget");
            self.skipped = true;
            return false;
        }
        let number = self.runners[0].track.number;
        let track = Track::new(call, now, (number, hedge), Duration::ZERO, WaitReason::None);
        call.watch().hedge(self.request.url.origin(), HedgeEvent::Started, hedge, "");
        self.runners.push(Runner::new(call, self.request, track, Admit::Given(admission)));
        true
    }
}

fn learn(call: &Call, request: &Request, began: Instant, opened: &Opened) {
    if let Ok((response, _)) = opened
        && response.head.status < 400
    {
        call.policies().latencies.record(request.url.origin(), call.now().since(began));
    }
}

async fn open(call: &Rc<Call>, request: &Rc<Request>, track: &Rc<Track>, admit: Admit) -> Opened {
    #[cfg(feature = "fault-injection")]
    match request.method.as_str() {
        "X-PANIC" => panic!("injected fault"),
        "X-RACE" => crate::engine::fault::race(),
        _ => {}
    }
    let Landing { head, url, hops, incoming } = hop::run(call, request, track, admit).await?;
    let metrics = incoming.metrics();
    let (trace, trace_id) = (String::new(), call.watch().trace_id());
    let trailers = HeaderBlock::default();
    Ok((
        Response { head, body: Vec::new(), url, metrics, hops, trailers, trace, trace_id, ..Response::default() },
        incoming,
    ))
}
