//! The sandbox's listener: connections that can be cut from within, so that a test can lose an answer on the way.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The handle of one connection; cutting it closes the connection without another byte.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    cut: CancellationToken,
}

impl Connection {
    /// Closes the connection at once; what was answered and not yet sent is lost.
    pub(crate) fn cut(&self) {
        self.cut.cancel();
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A TCP listener whose connections end when the sandbox ends.
pub(crate) struct CuttableListener {
    listener: TcpListener,
    stop: CancellationToken,
}

impl CuttableListener {
    /// Listens on `address`; every connection is cut when `stop` is cancelled.
    pub(crate) async fn bind(address: SocketAddr, stop: CancellationToken) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, stop })
    }

    /// The address with the port the system chose.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = Connection;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, _) = Listener::accept(&mut self.listener).await;
        // Answers are small: waiting to fill a packet would only slow the tests.
        let _ = stream.set_nodelay(true);
        let cut = self.stop.child_token();
        let connection = Connection { cut: cut.clone() };
        let stream = CuttableStream {
            stream,
            cut: Box::pin(cut.cancelled_owned()),
            is_cut: false,
        };
        (stream, connection)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(Connection {
            cut: self.stop.child_token(),
        })
    }
}

/// A TCP stream that reports a reset to the server once it was cut.
pub(crate) struct CuttableStream {
    stream: TcpStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    is_cut: bool,
}

impl CuttableStream {
    /// Whether the connection was cut; asks to be woken when it is.
    fn poll_cut(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.is_cut || self.cut.as_mut().poll(context).is_ready() {
            self.is_cut = true;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Err(error) = self.poll_cut(context) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Err(error) = self.poll_cut(context) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
