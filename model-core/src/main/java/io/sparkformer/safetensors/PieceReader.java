package io.sparkformer.safetensors;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Reads tensors a piece at a time; while one is worked on, the next is read. For one thread.
 *
 * <p>Files are read, not mapped: mapped pages count as a process's memory until the collector finds
 * their buffers, and most file systems have none.
 */
final class PieceReader implements AutoCloseable {

  /** What is read at once: it stays in a core's cache; a multiple of every number's size. */
  static final int PIECE_BYTES = 1 << 20;

  /**
   * A part of a tensor.
   *
   * @param tensor index in the list
   * @param first index of its first number, row-major
   * @param bytes direct, from 0 to its limit; its content is replaced two pieces later
   */
  record Piece(int tensor, long first, ByteBuffer bytes) {}

  private final FileSystem fileSystem;
  private final List<StoredTensor> tensors;
  private final byte[] heap = new byte[PIECE_BYTES];
  private final ByteBuffer[] buffers = {
    ByteBuffer.allocateDirect(PIECE_BYTES), ByteBuffer.allocateDirect(PIECE_BYTES)
  };
  private final ExecutorService reader =
      Executors.newSingleThreadExecutor(
          work -> {
            Thread thread = new Thread(work, "tensor-reader");
            thread.setDaemon(true);
            return thread;
          });

  private Future<Optional<Piece>> upcoming;
  private FSDataInputStream in;
  private Path file;
  private int tensor;
  private long done;
  private int pieces;

  /**
   * Begins to read.
   *
   * @param tensors in the order in which they are wanted; that of the files is the fastest
   */
  PieceReader(FileSystem fileSystem, List<StoredTensor> tensors) {
    this.fileSystem = fileSystem;
    this.tensors = tensors;
    this.upcoming = reader.submit(this::read);
  }

  /** The next piece; none if all were given. */
  Optional<Piece> next() throws IOException {
    try {
      Optional<Piece> piece = upcoming.get();
      if (piece.isPresent()) {
        upcoming = reader.submit(this::read);
      }
      return piece;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new IllegalStateException("a tensor was not read", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("reading tensors was interrupted");
    }
  }

  private Optional<Piece> read() throws IOException {
    while (tensor < tensors.size() && done == tensors.get(tensor).bytes()) {
      tensor++;
      done = 0;
    }
    if (tensor == tensors.size()) {
      return Optional.empty();
    }
    StoredTensor from = tensors.get(tensor);
    open(from.file());
    int count = (int) Math.min(PIECE_BYTES, from.bytes() - done);
    in.seek(from.position() + done);
    in.readFully(heap, 0, count);
    ByteBuffer bytes = buffers[pieces++ % buffers.length].clear().put(heap, 0, count).flip();
    Piece piece = new Piece(tensor, done / from.format().bytes(), bytes);
    done += count;
    return Optional.of(piece);
  }

  private void open(Path wanted) throws IOException {
    if (!wanted.equals(file)) {
      if (in != null) {
        in.close();
      }
      in = fileSystem.open(wanted);
      file = wanted;
    }
  }

  @Override
  public void close() throws IOException {
    Future<?> closed =
        reader.submit(
            () -> {
              if (in != null) {
                in.close();
              }
              return null;
            });
    reader.shutdown();
    try {
      closed.get();
    } catch (ExecutionException e) {
      throw new IOException("a file was not closed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
