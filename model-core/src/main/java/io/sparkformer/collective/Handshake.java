package io.sparkformer.collective;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.OptionalInt;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * How two ranks that connect convince each other that they know the attempt's secret: each signs
 * the other's random challenge (HMAC-SHA-256, RFC 2104), the one that connects first. The secret
 * itself is never sent.
 */
final class Handshake {

  private static final byte[] MAGIC = "SPKFRM01".getBytes(StandardCharsets.US_ASCII);
  private static final int CHALLENGE_BYTES = 16;
  private static final int SIGNATURE_BYTES = 32;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final byte[] secret;

  Handshake(byte[] secret) {
    this.secret = secret.clone();
  }

  /** A connection that is not from a rank of this attempt. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
      super(message);
    }
  }

  /** The side that connects. */
  void greet(DataInputStream in, DataOutputStream out, int self, int peer) throws IOException {
    byte[] own = challenge();
    out.write(MAGIC);
    out.writeInt(self);
    out.write(own);
    out.flush();
    byte[] theirs = in.readNBytes(CHALLENGE_BYTES);
    out.write(signature("connects", self, peer, own, theirs));
    out.flush();
    requireSigned(in.readNBytes(SIGNATURE_BYTES), signature("accepts", self, peer, own, theirs));
  }

  /** The side that is connected to. */
  Visit visit(int self) {
    return new Visit(self);
  }

  /** What one that connects has said so far. Keeps less than 100 bytes, and waits for nothing. */
  final class Visit {
    private final int self;
    private final ByteBuffer hello =
        ByteBuffer.allocate(MAGIC.length + Integer.BYTES + CHALLENGE_BYTES);
    private final ByteBuffer signature = ByteBuffer.allocate(SIGNATURE_BYTES);
    private final byte[] own = challenge();

    private Visit(int self) {
      this.self = self;
    }

    /**
     * Reads and answers what has come.
     *
     * @param channel that does not block
     * @return the rank that connects; none as long as it has not proved it
     * @throws RefusedException if it is none
     */
    OptionalInt advance(SocketChannel channel) throws IOException {
      if (hello.hasRemaining()) {
        read(channel, hello);
        int said = Math.min(MAGIC.length, hello.position());
        if (!Arrays.equals(hello.array(), 0, said, MAGIC, 0, said)) {
          throw new RefusedException("it does not speak this protocol");
        }
        if (hello.hasRemaining()) {
          return OptionalInt.empty();
        }
        write(channel, own);
      }
      read(channel, signature);
      if (signature.hasRemaining()) {
        return OptionalInt.empty();
      }
      int peer = hello.getInt(MAGIC.length);
      byte[] theirs =
          Arrays.copyOfRange(hello.array(), MAGIC.length + Integer.BYTES, hello.limit());
      requireSigned(signature.array(), signature("connects", peer, self, theirs, own));
      write(channel, signature("accepts", peer, self, theirs, own));
      return OptionalInt.of(peer);
    }
  }

  static void read(SocketChannel channel, ByteBuffer into) throws IOException {
    if (channel.read(into) < 0) {
      throw new RefusedException("it went away");
    }
  }

  static void write(SocketChannel channel, byte[] bytes) throws IOException {
    if (channel.write(ByteBuffer.wrap(bytes)) < bytes.length) {
      throw new RefusedException("it does not read");
    }
  }

  private static void requireSigned(byte[] signature, byte[] expected) throws RefusedException {
    if (!MessageDigest.isEqual(signature, expected)) {
      throw new RefusedException("it does not know the attempt's secret");
    }
  }

  private byte[] signature(
      String side, int from, int to, byte[] fromChallenge, byte[] toChallenge) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      mac.update(side.getBytes(StandardCharsets.US_ASCII));
      mac.update(ByteBuffer.allocate(8).putInt(from).putInt(to).flip());
      mac.update(fromChallenge);
      return mac.doFinal(toChallenge);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }

  private static byte[] challenge() {
    byte[] challenge = new byte[CHALLENGE_BYTES];
    RANDOM.nextBytes(challenge);
    return challenge;
  }
}
