//! Engines for tests of what stands above the seam.

use super::*;

/// Carries out nothing; its turns hand the wait to the test.
pub struct IdleEngine<W> {
    unpark: Arc<dyn Unpark>,
    wait: W,
}

impl<W: Fn(Option<Duration>)> IdleEngine<W> {
    pub fn new(unpark: Arc<dyn Unpark>, wait: W) -> Self {
        IdleEngine { unpark, wait }
    }
}

impl<W: Fn(Option<Duration>)> Engine for IdleEngine<W> {
    fn start(&self, _: ExchangeRequest) -> Result<ExchangeId, Error> {
        Ok(0)
    }

    fn poll_head(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<Result<Head, Error>> {
        Poll::Pending
    }

    fn poll_body(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Error>> {
        Poll::Pending
    }

    fn progress(&self, _: ExchangeId) -> Progress {
        Progress::default()
    }

    fn metrics(&self, _: ExchangeId) -> ExchangeMetrics {
        ExchangeMetrics::default()
    }

    fn trailers(&self, _: ExchangeId) -> HeaderBlock {
        HeaderBlock::default()
    }

    fn release(&self, _: ExchangeId) {}

    fn wait(&self, timeout: Option<Duration>) {
        (self.wait)(timeout);
    }

    fn advance(&self) {}

    #[cfg(test)]
    fn running(&self) -> usize {
        0
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        self.unpark.clone()
    }
}
