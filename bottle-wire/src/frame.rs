//! Length-prefixed JSON: one byte of version, four bytes of big-endian length, that many bytes of JSON.

use std::io::{self, Read as _};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The version of every frame. Both sides come from one build; another version is refused.
pub const VERSION: u8 = 1;
/// The most bytes of JSON in one frame: 16 MiB, room for a host's whole root store.
pub const MOST_BYTES: u32 = 16 << 20;

/// Says why a frame could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The other side ended the stream before a frame began.
    #[error("the other side closed the connection")]
    Closed,
    /// The stream broke.
    #[error("cannot read a frame")]
    Io(#[source] io::Error),
    /// The other side is of another build.
    #[error("a frame of version {0}, and this build speaks version {VERSION}")]
    Version(u8),
    /// The length is past [`MOST_BYTES`].
    #[error("a frame of {0} bytes, and {MOST_BYTES} are allowed")]
    TooLong(u32),
    /// The JSON is not the message that was expected. The text of the message is not shown: it may be secret.
    #[error("a frame that is not the expected message, at byte {column}")]
    Message {
        /// Where the JSON went wrong.
        column: usize,
    },
}

/// Says why a frame could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The stream broke.
    #[error("cannot write a frame")]
    Io(#[from] io::Error),
    /// The message has no JSON form.
    #[error("cannot encode a frame")]
    Encode(#[from] serde_json::Error),
    /// The message is past [`MOST_BYTES`].
    #[error("a frame of {0} bytes, and {MOST_BYTES} are allowed")]
    TooLong(usize),
}

/// Writes one message and flushes.
///
/// # Errors
///
/// When the stream breaks or the message is too long.
pub async fn write<W, T>(stream: &mut W, message: &T) -> Result<(), WriteError>
where
    W: AsyncWrite + Unpin,
    T: Serialize + Sync,
{
    let bytes = encode(message)?;
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    Ok(())
}

/// Encodes one message as a whole frame, for streams that are not tokio's.
///
/// # Errors
///
/// When the message has no JSON form or is too long.
pub fn encode<T: Serialize>(message: &T) -> Result<zeroize::Zeroizing<Vec<u8>>, WriteError> {
    let json = zeroize::Zeroizing::new(serde_json::to_vec(message)?);
    let length = u32::try_from(json.len()).ok().filter(|n| *n <= MOST_BYTES);
    let length = length.ok_or(WriteError::TooLong(json.len()))?;
    let mut frame = Vec::with_capacity(json.len() + 5);
    frame.push(VERSION);
    frame.extend(length.to_be_bytes());
    frame.extend_from_slice(&json);
    Ok(zeroize::Zeroizing::new(frame))
}

/// Reads one message. The caller bounds the time.
///
/// # Errors
///
/// When the stream ends or breaks, or holds anything but that message.
pub async fn read<R, T>(stream: &mut R) -> Result<T, ReadError>
where
    R: AsyncRead + Unpin,
    T: DeserializeOwned,
{
    check_version(stream.read_u8().await)?;
    let length = check_length(stream.read_u32().await)?;
    let mut json = room(length);
    let read = stream.take(u64::from(length)).read_to_end(&mut json).await;
    decode(length, read, &json)
}

/// Reads one message from a stream that blocks, for the one that is read before there is anything else to do.
///
/// # Errors
///
/// As [`read`].
pub fn read_blocking<T: DeserializeOwned>(stream: &mut impl io::Read) -> Result<T, ReadError> {
    let mut version = [0; 1];
    check_version(stream.read_exact(&mut version).map(|()| version[0]))?;
    let mut length = [0; 4];
    let length = stream
        .read_exact(&mut length)
        .map(|()| u32::from_be_bytes(length));
    let length = check_length(length)?;
    let mut json = room(length);
    let read = io::Read::take(stream, u64::from(length)).read_to_end(&mut json);
    decode(length, read, &json)
}

fn check_version(read: io::Result<u8>) -> Result<(), ReadError> {
    match read {
        Ok(VERSION) => Ok(()),
        Ok(version) => Err(ReadError::Version(version)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ReadError::Closed),
        Err(error) => Err(ReadError::Io(error)),
    }
}

fn check_length(read: io::Result<u32>) -> Result<u32, ReadError> {
    match read {
        Ok(length) if length <= MOST_BYTES => Ok(length),
        Ok(length) => Err(ReadError::TooLong(length)),
        Err(error) => Err(ReadError::Io(error)),
    }
}

/// A buffer that grows with what arrives, not with what is announced.
fn room(length: u32) -> zeroize::Zeroizing<Vec<u8>> {
    zeroize::Zeroizing::new(Vec::with_capacity(length.min(64 << 10) as usize))
}

fn decode<T: DeserializeOwned>(length: u32, read: io::Result<usize>, json: &[u8]) -> Result<T, ReadError> {
    if read.map_err(ReadError::Io)? < length as usize {
        return Err(ReadError::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    serde_json::from_slice(json).map_err(|error| ReadError::Message {
        column: error.column(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::ControlRequest;

    async fn refused(mut bytes: &[u8]) -> ReadError {
        let blocking = read_blocking::<ControlRequest>(&mut { bytes }).unwrap_err();
        let error = read::<_, ControlRequest>(&mut bytes).await.unwrap_err();
        assert_eq!(blocking.to_string(), error.to_string());
        error
    }

    #[tokio::test]
    async fn a_frame_that_is_not_ours_is_refused() {
        assert!(matches!(refused(b"").await, ReadError::Closed));
        assert!(matches!(
            refused(b"\x02\0\0\0\x02{}").await,
            ReadError::Version(2)
        ));
        assert!(matches!(
            refused(b"\x01\xff\xff\xff\xff").await,
            ReadError::TooLong(_)
        ));
        assert!(matches!(
            refused(b"\x01\0\0\0\x08\"status").await,
            ReadError::Io(_)
        ));
        assert!(matches!(
            refused(b"\x01\0\0\0\x07\"other\"").await,
            ReadError::Message { .. }
        ));
    }

    #[tokio::test]
    async fn frames_follow_each_other() {
        let mut stream = Vec::new();
        write(&mut stream, &ControlRequest::Status).await.unwrap();
        write(&mut stream, &ControlRequest::Drain { after: 7 })
            .await
            .unwrap();
        let mut stream = stream.as_slice();
        assert!(matches!(read(&mut stream).await.unwrap(), ControlRequest::Status));
        assert!(matches!(
            read(&mut stream).await.unwrap(),
            ControlRequest::Drain { after: 7 }
        ));
    }

    #[test]
    fn no_bytes_make_reading_panic() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        proptest::proptest!(|(bytes: Vec<u8>)| {
            let _ = runtime.block_on(read::<_, ControlRequest>(&mut bytes.as_slice()));
            let _ = read_blocking::<ControlRequest>(&mut bytes.as_slice());
        });
    }
}
