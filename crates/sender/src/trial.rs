//! Hands one message over that is no notice: a marked sample, to somebody who looks at it.
//!
//! There is no ledger in it, no second attempt and no pace: one line, one transaction, and what came of it.

use crate::{dial::Dialer, envelope::Envelope};
use forthwith_core::{
    address::Address,
    delivery::{Server, Timeouts},
    engine::Failure,
    message::{GateRefusal, Message, gate},
    notice::Token,
    private::Private,
    verdict::{Answer, Reply, Stage, Verdict, judge},
};

/// What is tried.
pub struct Trial<'a> {
    /// The relay.
    pub server: Server,
    /// The password of its login; without one no AUTH is tried.
    pub password: Option<Private<String>>,
    /// How long each stage may take.
    pub timeouts: Timeouts,
    /// Where the message goes.
    pub to: &'a Address,
    /// Its public name.
    pub token: &'a Token,
    /// The message.
    pub message: &'a Message,
}

/// Why the relay did not take the message.
#[derive(Debug, thiserror::Error)]
pub enum TrialFailure {
    /// No line can be opened with these settings.
    #[error("the connection cannot be set up: {0}")]
    SetUp(String),
    /// The message or its return path may not go to a socket.
    #[error("the message may not go out: {0}")]
    Gate(String),
    /// No line was opened.
    #[error("the relay was not reached")]
    Reached(Failure),
    /// It was refused, or the line was lost; from the dot on it may have been taken all the same.
    #[error("the relay did not take it")]
    Refused(Stage, Answer),
}

impl From<GateRefusal> for TrialFailure {
    fn from(refusal: GateRefusal) -> Self {
        Self::Gate(refusal.to_string())
    }
}

/// Hands the message over, and returns the relay's reply to its dot.
///
/// It needs a tokio runtime with time and I/O.
pub async fn try_out(trial: Trial<'_>) -> Result<Reply, TrialFailure> {
    gate(&trial.message.bytes)?;
    let envelope = Envelope {
        return_path: &trial.message.return_path,
        recipient: trial.to,
        token: trial.token,
        octets: trial.message.bytes.len(),
    };
    if !envelope.is_sound() {
        return Err(TrialFailure::Gate("its return path is no plain address".to_owned()));
    }
    let dialer = Dialer::new(trial.server, trial.password, trial.timeouts)
        .map_err(|error| TrialFailure::SetUp(error.to_string()))?;
    let (mut session, _) = dialer.dial(1).await.map_err(TrialFailure::Reached)?;
    let (stage, answer) = session.try_out(&envelope, &trial.message.bytes).await;
    session.quit().await;
    match answer {
        Answer::Reply(reply)
            if stage == Stage::Dot && judge(stage, &Answer::Reply(reply.clone())) == Verdict::Good =>
        {
            Ok(reply)
        }
        answer => Err(TrialFailure::Refused(stage, answer)),
    }
}
