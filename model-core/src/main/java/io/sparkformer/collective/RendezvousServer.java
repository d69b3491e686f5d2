package io.sparkformer.collective;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a rank awaits the others: a port that is open from before they know of it until all have
 * come. Strangers are refused, and hold up nobody: one thread serves all visitors and waits for
 * none, each has one deadline for all that it has to say, and when there are too many, those that
 * have been silent or slow for the longest time make room for the next.
 */
public final class RendezvousServer implements Closeable {

  private static final Logger LOG = LoggerFactory.getLogger(RendezvousServer.class);
  private static final int BACKLOG = 1024;
  private static final int HANDSHAKE_SECONDS = 5;
  private static final int VISITORS_AT_ONCE = 256;
  private static final int ACCEPTED_AT_ONCE = 64;
  private static final int LOOK_MILLIS = 100;
  private static final int STRANGERS_LOGGED = 3;

  private final ServerSocketChannel server;
  private final Selector selector;
  private final Endpoint endpoint;
  private final AtomicLong strangers = new AtomicLong();

  /** The oldest first; the serving thread's. */
  private final Set<Visitor> visitors = new LinkedHashSet<>();

  private RendezvousServer(ServerSocketChannel server, Selector selector, Endpoint endpoint) {
    this.server = server;
    this.selector = selector;
    this.endpoint = endpoint;
  }

  /** What is done with a rank that came and proved it; for one thread. */
  interface Welcome {

    /** The path of the memory that the rank is to map; empty if it shares none. */
    String memoryFor(int rank);

    /** Takes the connection, which does not block, of a rank that has mapped what it is to. */
    void joined(int rank, SocketChannel channel) throws IOException;
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
      return new RendezvousServer(
          server, Selector.open(), new Endpoint(host, port, memory, memoryBytes));
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
    Thread thread = new Thread(() -> serve(handshake, self, welcome), "ranks-welcome");
    thread.setDaemon(true);
    thread.start();
  }

  private void serve(Handshake handshake, int self, Welcome welcome) {
    try {
      server.configureBlocking(false);
      server.register(selector, SelectionKey.OP_ACCEPT);
      while (server.isOpen()) {
        selector.select(LOOK_MILLIS);
        for (SelectionKey key : selector.selectedKeys()) {
          if (key.attachment() instanceof Visitor visitor) {
            advance(visitor, welcome);
          } else {
            accept(handshake, self);
          }
        }
        selector.selectedKeys().clear();
        dismissLate();
      }
    } catch (ClosedChannelException | ClosedSelectorException e) {
      LOG.debug("port {} is closed", endpoint.port());
    } catch (IOException e) {
      LOG.warn("no rank can connect to port {} any more: {}", endpoint.port(), e.toString());
    } finally {
      visitors.forEach(visitor -> close(visitor.channel));
    }
  }

  private void accept(Handshake handshake, int self) throws IOException {
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) { // those that are in have their turn in between
      SocketChannel channel = acceptOne();
      if (channel == null) {
        return;
      }
      if (visitors.size() >= VISITORS_AT_ONCE) {
        dismissOldest();
      }
      Visitor visitor = new Visitor(channel, handshake.visit(self));
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ, visitor);
      visitors.add(visitor);
    }
  }

  private SocketChannel acceptOne() throws IOException {
    try {
      return server.accept();
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) { // no file descriptor is left, for one
      LOG.warn("a connection could not be accepted: {}", e.getMessage());
      dismissOldest();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
      return null;
    }
  }

  private void advance(Visitor visitor, Welcome welcome) {
    try {
      if (visitor.rank.isEmpty()) {
        visitor.rank = visitor.handshake.advance(visitor.channel);
        if (visitor.rank.isPresent()) {
          visitor.tell(welcome.memoryFor(visitor.rank.getAsInt()));
        }
      } else if (visitor.hasMapped()) {
        visitors.remove(visitor);
        visitor.channel.keyFor(selector).cancel();
        welcome.joined(visitor.rank.getAsInt(), visitor.channel);
      }
    } catch (IOException e) {
      dismiss(visitor, e);
    }
  }

  /** Whoever has not been let in for the longest time makes room: a rank would come again. */
  private void dismissOldest() {
    visitors.stream()
        .filter(visitor -> visitor.rank.isEmpty())
        .findFirst()
        .ifPresent(oldest -> dismiss(oldest, new IOException("many others came after it")));
  }

  private void dismissLate() {
    long now = System.nanoTime();
    List<Visitor> late =
        visitors.stream()
            .takeWhile(visitor -> now - visitor.sinceNanos > HANDSHAKE_SECONDS * 1_000_000_000L)
            .toList();
    String reason = "it was not done after " + HANDSHAKE_SECONDS + " s";
    late.forEach(visitor -> dismiss(visitor, new IOException(reason)));
  }

  private void dismiss(Visitor visitor, IOException reason) {
    visitors.remove(visitor);
    if (strangers.incrementAndGet() <= STRANGERS_LOGGED) {
      LOG.warn("refused a connection to port {}: {}", endpoint.port(), reason.toString());
    }
    close(visitor.channel);
  }

  private static void close(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("closing failed", e);
    }
  }

  /** One that has connected and is not let in yet. */
  private static final class Visitor {
    private final SocketChannel channel;
    private final Handshake.Visit handshake;
    private final long sinceNanos = System.nanoTime();
    private OptionalInt rank = OptionalInt.empty();

    Visitor(SocketChannel channel, Handshake.Visit handshake) {
      this.channel = channel;
      this.handshake = handshake;
    }

    void tell(String memory) throws IOException {
      ByteArrayOutputStream message = new ByteArrayOutputStream();
      new DataOutputStream(message).writeUTF(memory);
      Handshake.write(channel, message.toByteArray());
    }

    boolean hasMapped() throws IOException {
      ByteBuffer answer = ByteBuffer.allocate(1);
      Handshake.read(channel, answer);
      return !answer.hasRemaining();
    }
  }

  @Override
  public void close() throws IOException {
    try (selector) {
      server.close();
    }
    if (strangers.get() > STRANGERS_LOGGED) {
      LOG.warn("refused {} connections to port {} in all", strangers, endpoint.port());
    }
  }
}
