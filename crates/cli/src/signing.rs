//! Signs the statement with a person's own key: a file of OpenSSH, opened with its passphrase; or, for keys that lie in
//! an agent or in hardware, by `ssh-keygen`. Whether the signature counts is the core's to say.

use crate::{
    exit::{CommandError, Exit},
    folder::open_file,
    passphrase::{self, Secret},
};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
    },
};
use forthwith_core::approval::{NAMESPACE, SIGNATURE_OCTETS_MAX};
use ssh_key::{
    Algorithm, HashAlg, LineEnding, PrivateKey, Signature, SshSig,
    private::{EcdsaKeypair, KeypairData},
};
use std::{
    io::{Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::{Command, Stdio},
};

/// Octets of a file with a key: one of 16,384 bits has 13,000.
const KEY_OCTETS_MAX: u64 = 64 * 1_024;
/// What begins a private key in OpenSSH's own form.
const OWN_FORM: &[u8] = b"-----BEGIN OPENSSH PRIVATE KEY-----";
/// The program that reaches agents and hardware keys.
const SSH_KEYGEN: &str = "ssh-keygen";

/// Signs `statement` with the key in `path`, and returns the signature as `ssh-keygen -Y sign` writes it.
///
/// # Errors
///
/// Exit 1 where the key cannot be read or does not sign. No error holds anything of key or passphrase.
pub fn sign(path: &Path, passphrase: Option<&Path>, statement: &[u8]) -> Result<String, CommandError> {
    match read(path)? {
        Some(key) => sign_with(&unlocked(key, path, passphrase)?, statement).map_err(|()| {
            CommandError::new(Exit::Cannot, format!("the key {} does not sign", path.display()))
                .hint("its two halves do not fit: take the key from its backup")
        }),
        None => by_ssh_keygen(path, statement),
    }
}

/// Reads a key that this program can sign with; `None` where it is one for `ssh-keygen`.
fn read(path: &Path) -> Result<Option<PrivateKey>, CommandError> {
    let shown = path.display();
    let cannot = |error: std::io::Error| {
        CommandError::new(Exit::Cannot, format!("cannot read the key {shown}"))
            .because(error)
            .hint("--key names a private key, or the .pub of one in an agent")
    };
    let file = open_file(path).map_err(cannot)?;
    let mode = file.metadata().map_err(cannot)?.mode();
    let mut bytes = Vec::new();
    file.take(KEY_OCTETS_MAX).read_to_end(&mut bytes).map_err(cannot)?;
    if !bytes.starts_with(OWN_FORM) {
        return Ok(None);
    }
    if mode & 0o077 != 0 {
        return Err(CommandError::new(Exit::Cannot, format!("others can read the key {shown}"))
            .hint(format!("chmod 600 {shown}")));
    }
    let key = PrivateKey::from_openssh(&bytes).map_err(|_| {
        CommandError::new(Exit::Cannot, format!("the key {shown} is damaged, or of a kind that is not known"))
            .hint("`ssh-keygen -Y sign` may know it: `forthwith approve INCIDENT` shows the command")
    })?;
    let is_ours = matches!(key.algorithm(), Algorithm::Ed25519 | Algorithm::Ecdsa { .. });
    Ok(is_ours.then_some(key))
}

fn unlocked(key: PrivateKey, path: &Path, passphrase: Option<&Path>) -> Result<PrivateKey, CommandError> {
    if !key.is_encrypted() {
        return Ok(key);
    }
    let shown = path.display();
    let passphrase: Secret = match passphrase {
        Some(file) => passphrase::from_file(file)?,
        None => passphrase::ask(&format!("Passphrase of {shown}: "))?,
    };
    key.decrypt(passphrase.expose()).map_err(|_| {
        CommandError::new(Exit::Cannot, format!("the passphrase does not open {shown}")).hint("nothing was signed")
    })
}

fn sign_with(key: &PrivateKey, statement: &[u8]) -> Result<String, ()> {
    let signed = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, statement).map_err(drop)?;
    let bytes = match key.key_data() {
        KeypairData::Ed25519(pair) => {
            let pair = Ed25519KeyPair::from_seed_and_public_key(&pair.private.to_bytes(), &pair.public.0);
            pair.map_err(drop)?.sign(&signed).as_ref().to_vec()
        }
        KeypairData::Ecdsa(pair) => {
            let (method, private, public): (&'static EcdsaSigningAlgorithm, &[u8], &[u8]) = match pair {
                EcdsaKeypair::NistP256 { public, private } => {
                    (&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_slice(), public.as_bytes())
                }
                EcdsaKeypair::NistP384 { public, private } => {
                    (&ECDSA_P384_SHA384_FIXED_SIGNING, private.as_slice(), public.as_bytes())
                }
                EcdsaKeypair::NistP521 { public, private } => {
                    (&ECDSA_P521_SHA512_FIXED_SIGNING, private.as_slice(), public.as_bytes())
                }
            };
            let pair = EcdsaKeyPair::from_private_key_and_public_key(method, private, public).map_err(drop)?;
            let fixed = pair.sign(&SystemRandom::new(), &signed).map_err(drop)?;
            let (r, s) = fixed.as_ref().split_at(fixed.as_ref().len() / 2);
            [number(r), number(s)].concat()
        }
        _ => return Err(()),
    };
    let signature = Signature::new(key.algorithm(), bytes).map_err(drop)?;
    let envelope = SshSig::new(key.public_key().key_data().clone(), NAMESPACE, HashAlg::Sha512, signature);
    envelope.and_then(|envelope| envelope.to_pem(LineEnding::LF)).map_err(drop)
}

/// Returns a number as `mpint` (RFC 4251 section 5): no zeros in front but the one that keeps it positive.
fn number(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = &bytes[zeros..];
    let sign: &[u8] = if digits.first().is_some_and(|first| first & 0x80 != 0) { &[0] } else { &[] };
    let length = u32::try_from(sign.len() + digits.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], sign, digits].concat()
}

/// Lets `ssh-keygen` sign: it asks its own questions on the terminal, and finds agents and hardware keys.
fn by_ssh_keygen(path: &Path, statement: &[u8]) -> Result<String, CommandError> {
    let cannot = |error: std::io::Error| {
        CommandError::new(Exit::Cannot, format!("cannot run {SSH_KEYGEN}, which signs with keys of this kind"))
            .because(error)
            .hint("it is OpenSSH's; or sign elsewhere and hand the signature in: --signature FILE")
    };
    let mut child = Command::new(SSH_KEYGEN)
        .args(["-Y", "sign", "-n", NAMESPACE, "-f"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends before it has read all has said why.
        let _ = stdin.write_all(statement);
    }
    let mut signature = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(SIGNATURE_OCTETS_MAX as u64).read_to_string(&mut signature).map_err(cannot)?;
    }
    let status = child.wait().map_err(cannot)?;
    if status.success() {
        return Ok(signature);
    }
    Err(CommandError::new(Exit::Cannot, format!("{SSH_KEYGEN} did not sign with {}: {status}", path.display()))
        .hint("what it said stands above; nothing was recorded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_can_be_and_positive() {
        assert_eq!(number(&[0, 0, 1]), [0, 0, 0, 1, 1]);
        assert_eq!(number(&[0, 0x80]), [0, 0, 0, 2, 0, 0x80]);
        assert_eq!(number(&[0, 0]), [0, 0, 0, 0]);
    }
}
