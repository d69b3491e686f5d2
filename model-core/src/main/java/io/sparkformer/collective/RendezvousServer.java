package io.sparkformer.collective;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a rank awaits the others: a port that is open from before they know of it until all have
 * come. Strangers are refused, and hold up nobody.
 */
public final class RendezvousServer implements Closeable {

  private static final Logger LOG = LoggerFactory.getLogger(RendezvousServer.class);
  private static final int BACKLOG = 1024;
  private static final int HANDSHAKE_MILLIS = 5_000;
  private static final int VISITORS_AT_ONCE = 256;
  private static final int STRANGERS_LOGGED = 3;

  private final ServerSocketChannel server;
  private final Endpoint endpoint;
  private final AtomicLong strangers = new AtomicLong();
  private final Semaphore places = new Semaphore(VISITORS_AT_ONCE);

  private RendezvousServer(ServerSocketChannel server, Endpoint endpoint) {
    this.server = server;
    this.endpoint = endpoint;
  }

  /** What is done with a rank that came and proved it. */
  interface Welcome {
    void accept(int rank, SocketChannel channel, DataInputStream in, DataOutputStream out)
        throws IOException;
  }

  /**
   * Opens a port.
   *
   * @param host name or address by which other hosts reach this one; IPv6 with or without brackets
   */
  public static RendezvousServer open(String host) throws IOException {
    return open(host, SharedMemory.identity(), SharedMemory.freeBytes());
  }

  /** Opens a port of a rank that exchanges over TCP alone. */
  public static RendezvousServer withoutSharedMemory(String host) throws IOException {
    return open(host, "", 0);
  }

  static RendezvousServer open(String host, String memory, long memoryBytes) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open();
    try {
      server.bind(new InetSocketAddress(InetAddress.getByName(host), 0), BACKLOG);
      int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
      return new RendezvousServer(server, new Endpoint(host, port, memory, memoryBytes));
    } catch (IOException e) {
      server.close();
      throw new IOException("cannot listen on " + host + ": " + e.getMessage(), e);
    }
  }

  public Endpoint endpoint() {
    return endpoint;
  }

  /** Lets ranks in until it is closed. */
  void receive(Handshake handshake, int self, Welcome welcome) {
    daemon("ranks-welcome", () -> acceptAll(handshake, self, welcome));
  }

  private void acceptAll(Handshake handshake, int self, Welcome welcome) {
    while (server.isOpen()) {
      try {
        SocketChannel visitor = server.accept();
        if (places.tryAcquire()) {
          daemon("rank-handshake", () -> receive(visitor, handshake, self, welcome));
        } else {
          visitor.close(); // ranks come again
        }
      } catch (IOException e) {
        if (server.isOpen()) {
          LOG.warn("a connection could not be accepted: {}", e.getMessage());
        }
      }
    }
  }

  private void receive(SocketChannel visitor, Handshake handshake, int self, Welcome welcome) {
    try {
      Socket socket = visitor.socket();
      socket.setSoTimeout(HANDSHAKE_MILLIS);
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      DataInputStream in = new DataInputStream(socket.getInputStream());
      int rank = handshake.receive(in, out, self);
      welcome.accept(rank, visitor, in, out);
    } catch (IOException e) {
      refuse(visitor, e);
    } finally {
      places.release();
    }
  }

  private void refuse(SocketChannel visitor, IOException reason) {
    if (strangers.incrementAndGet() <= STRANGERS_LOGGED) {
      LOG.warn("refused a connection to port {}: {}", endpoint.port(), reason.toString());
    }
    try {
      visitor.close();
    } catch (IOException e) {
      LOG.debug("closing failed", e);
    }
  }

  private static void daemon(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    server.close();
    if (strangers.get() > STRANGERS_LOGGED) {
      LOG.warn("refused {} connections to port {} in all", strangers, endpoint.port());
    }
  }
}
