//! What people do about the release of a plan, as the ledger keeps it: a signature, a paper that was witnessed, a
//! withdrawal.
//!
//! What names somebody is kept beside the chain; the chain holds digests, fingerprints and roles. Whether an act
//! counts is not decided here.

use super::signature::Signature;
use crate::digest::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// Signed the statement with a key.
    Signed {
        /// The signature, as `ssh-keygen -Y sign` writes it.
        signature: String,
        /// Whether the key itself was at hand when it was recorded, and not a file that anybody may have kept.
        made_here: bool,
    },
    /// Signed it on paper.
    Witnessed {
        /// Who signed.
        signed_by: String,
        /// As what.
        role: String,
        /// Who saw it and recorded it.
        witness: String,
        /// The name of the file that shows the paper.
        document_name: String,
        /// The SHA-256 of that file.
        #[serde(with = "hex")]
        document: Digest,
        /// Whether the eight words on the paper were compared.
        words_compared: bool,
    },
    /// Took every release of the plan back.
    Withdrawn {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
}

impl Act {
    /// Returns the name of the event that records it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Signed { .. } | Self::Witnessed { .. } => APPROVED,
            Self::Withdrawn { .. } => WITHDRAWN,
        }
    }

    /// Returns what of it stands in the chain in clear; it names nobody.
    pub fn facts(&self) -> BTreeMap<&'static str, String> {
        match self {
            Self::Signed { signature, made_here } => {
                let key = Signature::read(signature.as_bytes()).map(|signature| signature.key().fingerprint());
                BTreeMap::from([
                    ("how", "signed".to_owned()),
                    ("key", key.unwrap_or_default()),
                    ("made-here", made_here.to_string()),
                    ("signature", Digest::of(signature.as_bytes()).hex()),
                ])
            }
            Self::Witnessed { role, document, words_compared, .. } => BTreeMap::from([
                ("document", document.hex()),
                ("how", "witnessed".to_owned()),
                ("role", role.clone()),
                ("words-compared", words_compared.to_string()),
            ]),
            Self::Withdrawn { .. } => BTreeMap::new(),
        }
    }

    /// Returns the whole of it, to be kept beside the chain.
    pub fn private(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and truth values are JSON")
    }

    /// Reads what [`Self::private`] wrote; `None` where that is not what it is.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// The event of a release.
pub const APPROVED: &str = "approved";
/// The event of a withdrawal.
pub const WITHDRAWN: &str = "withdrawn";

/// An act as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its event, `RUN.NUMBER`.
    pub event: String,
    /// The number of the plan that it is about.
    pub plan: i64,
    /// When, by the clock of then.
    pub at: Timestamp,
    /// The latest time that the ledger knows of since: a clock before it was set back.
    pub seen: Timestamp,
    /// Whether it takes back what was recorded before it.
    pub withdraws: bool,
    /// What was done; `None` once it was purged.
    pub act: Option<Act>,
}

mod hex {
    use super::Digest;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&digest.hex())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        Digest::parse(&text).ok_or_else(|| D::Error::custom("not a digest"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_read_back_and_the_chain_names_nobody() {
        let witnessed = Act::Witnessed {
            signed_by: "Ada Ash".to_owned(),
            role: "counsel".to_owned(),
            witness: "Bo Birch".to_owned(),
            document_name: "ada.pdf".to_owned(),
            document: Digest::of(b"paper"),
            words_compared: true,
        };
        let signed = Act::Signed { signature: "no signature".to_owned(), made_here: false };
        let withdrawn = Act::Withdrawn { by: "Ada Ash".to_owned(), reason: "wrong number".to_owned() };
        for act in [witnessed, signed, withdrawn] {
            assert_eq!(Act::read(&act.private()), Some(act.clone()));
            let facts = format!("{:?}", act.facts());
            assert!(!facts.contains("Ada") && !facts.contains("Bo") && !facts.contains("wrong"), "{facts}");
        }
        assert_eq!(Act::read(b"{\"act\":\"signed\"}"), None);
    }
}
