package io.sparkformer.collective;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Sums between hosts: each leader is sent its slice of everybody's sums, adds them up in the tree's
 * order, and sends the total to all. Slices flow as they are ready: a leader's total of a chunk
 * leaves while later chunks still come.
 */
final class HostExchange implements Closeable {

  private static final int SPIN_NANOS = 50_000;
  private static final int SELECT_MILLIS = 20;
  private static final int READ_BYTES = 1 << 18;

  /** Those nearer to a late rank should be the ones that name it. */
  private static final int MORE_SECONDS = 2;

  private final int self;
  private final List<PeerConnection> peers;
  private final PeerTimeout timeout;
  private final TreeSum tree;
  private final Selector selector;
  private final List<List<ByteBuffer>> staging = new ArrayList<>();

  /**
   * @param self index of this host
   * @param ranges that each host sums up
   * @param peers connections to the leaders of the other hosts, in order, with null in this one's
   *     place
   * @param maxFloats of a buffer
   */
  HostExchange(
      int self,
      List<List<MicroBatchRange>> ranges,
      List<PeerConnection> peers,
      MicroBatchRange step,
      int maxFloats,
      PeerTimeout timeout)
      throws IOException {
    this.self = self;
    this.peers = peers;
    this.timeout = timeout;
    this.tree = new TreeSum(step, ranges.stream().flatMap(List::stream).toList());
    this.selector = Selector.open();
    for (PeerConnection peer : peers) {
      if (peer != null) {
        peer.channel().register(selector, 0);
      }
    }
    int sliceBytes = (maxFloats / peers.size() + 1) * Float.BYTES;
    for (int host = 0; host < peers.size(); host++) {
      List<ByteBuffer> ofHost = new ArrayList<>();
      for (int i = 0; i < ranges.get(host).size() && host != self; i++) {
        ofHost.add(ByteBuffer.allocateDirect(sliceBytes));
      }
      staging.add(ofHost);
    }
  }

  /**
   * Replaces the first buffer's content by the total.
   *
   * @param own a buffer for each of this host's ranges
   */
  void sum(List<ByteBuffer> own) {
    try {
      new Round(own).run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One exchange. */
  private final class Round {
    private final List<ByteBuffer> own;
    private final int floats;
    private final List<FloatBuffer> inputs = new ArrayList<>();
    private final List<Stream> streams = new ArrayList<>();
    private final FloatBuffer total;
    private int summed;

    Round(List<ByteBuffer> own) {
      this.own = own;
      this.floats = own.get(0).capacity() / Float.BYTES;
      this.total = slice(own.get(0), self).asFloatBuffer();
      for (int host = 0; host < peers.size(); host++) {
        if (host == self) {
          own.forEach(buffer -> inputs.add(slice(buffer, self).asFloatBuffer()));
          continue;
        }
        streams.add(new Stream(host));
      }
    }

    private int start(int host) {
      return (int) ((long) floats * host / peers.size());
    }

    private ByteBuffer slice(ByteBuffer buffer, int host) {
      int from = start(host) * Float.BYTES;
      return buffer
          .slice(from, start(host + 1) * Float.BYTES - from)
          .order(ByteOrder.nativeOrder());
    }

    void run() throws IOException {
      PeerTimeout.Wait wait = timeout.begin(MORE_SECONDS);
      long idleSince = System.nanoTime();
      while (true) {
        boolean moved = false;
        boolean done = true;
        for (Stream stream : streams) {
          moved |= stream.receive();
        }
        sumWhatCame();
        for (Stream stream : streams) {
          moved |= stream.send();
          done &= stream.isDone();
        }
        if (done) {
          streams.forEach(stream -> stream.peer.dataReceived());
          return;
        }
        if (moved) {
          wait = timeout.begin(MORE_SECONDS);
          idleSince = System.nanoTime();
        } else if (System.nanoTime() - idleSince > SPIN_NANOS) {
          check(wait);
          await();
        } else {
          Thread.onSpinWait();
        }
      }
    }

    private void sumWhatCame() {
      int ready = total.capacity();
      for (Stream stream : streams) {
        ready = Math.min(ready, stream.receivedFloats());
      }
      boolean last = ready == total.capacity();
      int to = last ? ready : ready / TreeSum.CHUNK_FLOATS * TreeSum.CHUNK_FLOATS;
      if (to > summed) {
        tree.sum(inputs, summed, to, total);
        summed = to;
      }
    }

    private void check(PeerTimeout.Wait wait) {
      wait.requireWanted();
      if (wait.isOver()) {
        Stream late =
            streams.stream()
                .filter(stream -> !stream.hasAll())
                .min(Comparator.comparing(Stream::receivedFloats))
                .orElse(streams.get(0));
        throw new PeerFailedException(
            String.format(
                "%s is late: nothing came from it for %d s, so it hangs, its host is overloaded or the network is cut",
                late.peer.peerName(), wait.seconds()));
      }
    }

    private void await() throws IOException {
      for (Stream stream : streams) {
        stream.peer.channel().keyFor(selector).interestOps(stream.interest());
      }
      selector.select(SELECT_MILLIS);
      selector.selectedKeys().clear();
    }

    /** What goes to and comes from one other host. */
    private final class Stream {
      private final PeerConnection peer;
      private final List<ByteBuffer> outgoing = new ArrayList<>();
      private final List<ByteBuffer> incoming = new ArrayList<>();
      private boolean marked;
      private int sending;
      private int receiving;

      Stream(int host) {
        this.peer = peers.get(host);
        outgoing.add(peer.dataMark());
        own.forEach(buffer -> outgoing.add(slice(buffer, host)));
        outgoing.add(slice(own.get(0), self));
        for (int i = 0; i < staging.get(host).size(); i++) {
          ByteBuffer sums = staging.get(host).get(i).slice(0, total.capacity() * Float.BYTES);
          incoming.add(sums);
          inputs.add(sums.order(ByteOrder.nativeOrder()).asFloatBuffer());
        }
        incoming.add(slice(own.get(0), host));
      }

      boolean receive() {
        boolean moved = false;
        if (!marked) {
          marked = peer.readMark();
          moved = marked;
        }
        while (marked && receiving < incoming.size()) {
          ByteBuffer into = incoming.get(receiving);
          if (!into.hasRemaining()) {
            receiving++;
            continue;
          }
          into.limit(Math.min(into.capacity(), into.position() + READ_BYTES));
          int count = peer.read(into);
          into.limit(into.capacity());
          moved |= count > 0;
          break; // what came is summed while it is in the cache
        }
        return moved;
      }

      /**
       * Of the slice that this host sums up, as much as has come of all the other host's ranges.
       */
      int receivedFloats() {
        int last = incoming.size() - 2;
        if (receiving > last) {
          return total.capacity();
        }
        return receiving < last ? 0 : incoming.get(last).position() / Float.BYTES;
      }

      boolean send() {
        boolean moved = false;
        while (sending < outgoing.size()) {
          ByteBuffer next = outgoing.get(sending);
          if (sending == outgoing.size() - 1) { // the total
            next.limit(summed * Float.BYTES);
          }
          if (!next.hasRemaining()) {
            if (next.limit() < next.capacity()) {
              break; // not summed yet
            }
            sending++;
            continue;
          }
          int count = peer.write(next);
          moved |= count > 0;
          if (count == 0) {
            break;
          }
        }
        if (sending == outgoing.size()) {
          peer.dataSent();
        }
        return moved;
      }

      /** The last buffer is not left, so that nothing is read from the peer's next round. */
      boolean hasAll() {
        return receiving == incoming.size()
            || (receiving == incoming.size() - 1 && !incoming.get(receiving).hasRemaining());
      }

      boolean isDone() {
        return sending == outgoing.size() && hasAll();
      }

      int interest() {
        boolean hasOutgoing = sending < outgoing.size() && outgoing.get(sending).hasRemaining();
        return (hasAll() ? 0 : SelectionKey.OP_READ) | (hasOutgoing ? SelectionKey.OP_WRITE : 0);
      }
    }
  }

  @Override
  public void close() throws IOException {
    selector.close();
  }
}
