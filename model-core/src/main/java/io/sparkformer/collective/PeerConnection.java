package io.sparkformer.collective;

import io.sparkformer.datasets.InvalidInputException;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An authenticated connection to another rank. What comes over it begins with a byte that says what
 * it is: data, or why the other rank leaves.
 */
final class PeerConnection implements Closeable {

  private static final Logger LOG = LoggerFactory.getLogger(PeerConnection.class);

  private static final byte DATA = 'D';
  private static final byte FAILED = 'F';
  private static final byte MISTAKE = 'M';
  private static final int MAX_REASON_BYTES = 1 << 14;

  private final SocketChannel channel;
  private final String peerName;
  private final ByteBuffer mark = ByteBuffer.allocateDirect(1);
  private boolean amidData;
  private boolean amidPeersData;

  PeerConnection(SocketChannel channel, String peerName) throws IOException {
    this.channel = channel;
    this.peerName = peerName;
    channel.configureBlocking(false);
  }

  String peerName() {
    return peerName;
  }

  SocketChannel channel() {
    return channel;
  }

  /** What stands before data, which end with {@link #dataSent}. */
  ByteBuffer dataMark() {
    amidData = true;
    return ByteBuffer.allocateDirect(1).put(DATA).flip();
  }

  void dataSent() {
    amidData = false;
  }

  /**
   * Reads what stands before data.
   *
   * @return whether data follow; false if nothing has come yet
   * @throws PeerFailedException if the other rank is gone or gives up
   */
  boolean readMark() {
    if (read(mark.clear()) == 0) {
      return false;
    }
    if (mark.get(0) != DATA) {
      throw failure(mark.get(0));
    }
    amidPeersData = true;
    return true;
  }

  void dataReceived() {
    amidPeersData = false;
  }

  /**
   * Looks whether the other rank is still there; only while it has no data to send.
   *
   * @throws PeerFailedException if it is gone or gives up
   */
  void requireAlive() {
    if (read(mark.clear()) > 0) {
      throw failure(mark.get(0));
    }
  }

  /** Reads what is there. */
  int read(ByteBuffer into) {
    try {
      int count = channel.read(into);
      if (count < 0) {
        throw lost("its connection was closed");
      }
      return count;
    } catch (IOException e) {
      throw lost(e.getMessage());
    }
  }

  /** Writes what can be written at once. */
  int write(ByteBuffer from) {
    try {
      return channel.write(from);
    } catch (IOException e) {
      throw lost(e.getMessage());
    }
  }

  private PeerFailedException lost(String how) {
    return new PeerFailedException("lost " + peerName + ": " + how);
  }

  /** Why the other rank left, if it said so. */
  Optional<RuntimeException> reason() {
    try {
      if (!amidPeersData && channel.read(mark.clear()) > 0) {
        amidPeersData = mark.get(0) == DATA;
        return amidPeersData ? Optional.empty() : Optional.of(failure(mark.get(0)));
      }
    } catch (IOException e) {
      LOG.debug("nothing more from {}", peerName, e);
    }
    return Optional.empty();
  }

  private RuntimeException failure(byte kind) {
    if (kind != MISTAKE && kind != FAILED) {
      return lost("it sent what was not expected");
    }
    String reason = new String(rest(), StandardCharsets.UTF_8);
    if (kind == MISTAKE) {
      return new InvalidInputException(reason);
    }
    return new PeerFailedException(reason.isEmpty() ? peerName + " failed" : reason);
  }

  /** The reason, which ends with the connection. */
  private byte[] rest() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ByteBuffer block = ByteBuffer.allocate(MAX_REASON_BYTES);
    long deadline = System.nanoTime() + 1_000_000_000L;
    try {
      while (channel.read(block.clear()) >= 0
          && bytes.size() < MAX_REASON_BYTES
          && System.nanoTime() < deadline) {
        bytes.write(block.array(), 0, block.position());
      }
    } catch (IOException e) {
      LOG.debug("{} was cut off as it said why it fails", peerName, e);
    }
    return bytes.toByteArray();
  }

  /** Tells the other rank why this one leaves, if the connection takes it at once. */
  void leave(Throwable cause) {
    if (amidData) {
      return; // it would be taken for data
    }
    boolean mistake = cause instanceof InvalidInputException;
    byte[] reason = String.valueOf(cause.getMessage()).getBytes(StandardCharsets.UTF_8);
    int length = Math.min(reason.length, MAX_REASON_BYTES);
    ByteBuffer message = ByteBuffer.allocate(1 + length);
    message.put(mistake ? MISTAKE : FAILED).put(reason, 0, length).flip();
    try {
      channel.write(message);
    } catch (IOException e) {
      LOG.debug("{} is not told why this rank leaves", peerName, e);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
