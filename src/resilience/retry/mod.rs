//! Retries: what an outcome says (`verdict`), whether and when there is another attempt (`course`), how long to wait
//! (`backoff`), and how many retries a server gets on top of what it is asked anyway (`budget`). `run` does it all for work
//! that is not a request of this library.

pub mod backoff;
pub mod budget;
pub mod course;
pub mod options;
pub mod run;
pub mod verdict;
