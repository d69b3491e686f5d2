package io.sparkformer.collective;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
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
    requireSigned(in, signature("accepts", self, peer, own, theirs));
  }

  /**
   * The side that is connected to.
   *
   * @return the rank that connects
   */
  int receive(DataInputStream in, DataOutputStream out, int self) throws IOException {
    if (!MessageDigest.isEqual(in.readNBytes(MAGIC.length), MAGIC)) {
      throw new RefusedException("it does not speak this protocol");
    }
    int peer = in.readInt();
    byte[] theirs = in.readNBytes(CHALLENGE_BYTES);
    byte[] own = challenge();
    out.write(own);
    out.flush();
    requireSigned(in, signature("connects", peer, self, theirs, own));
    out.write(signature("accepts", peer, self, theirs, own));
    out.flush();
    return peer;
  }

  private static void requireSigned(DataInputStream in, byte[] expected) throws IOException {
    if (!MessageDigest.isEqual(in.readNBytes(SIGNATURE_BYTES), expected)) {
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
