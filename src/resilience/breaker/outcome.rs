//! What a call's end says of its server. Which end says what is decided where retries are (`retry::verdict`).

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The server does its work, also where its answer is "no".
    Success,
    Failure,
    /// Says nothing of the server: as if the call had not been.
    Neutral,
}
