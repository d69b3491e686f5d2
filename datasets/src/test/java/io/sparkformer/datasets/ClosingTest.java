package io.sparkformer.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What belongs together is closed together. */
final class ClosingTest {

  private final List<String> closed = new ArrayList<>();

  @Test
  void allAreClosedInTheirOrderWhateverFails() {
    IOException first = new IOException("first");
    RuntimeException second = new IllegalStateException("second");

    assertThatThrownBy(
            () ->
                Closing.all(closing("a"), failing("b", first), failing("c", second), closing("d")))
        .isSameAs(first)
        .hasSuppressedException(second);
    assertThat(closed).containsExactly("a", "b", "c", "d");
  }

  @Test
  void aFailureThatComesTwiceIsThrownOnce() {
    IOException failure = new IOException("the disk is gone");

    assertThatThrownBy(
            () -> Closing.all(failing("a", failure), failing("b", failure), closing("c")))
        .isSameAs(failure)
        .hasNoSuppressedExceptions();
    assertThat(closed).containsExactly("a", "b", "c");
  }

  @Test
  void anErrorIsNotLost() {
    AssertionError error = new AssertionError("native memory");
    Closeable failing =
        () -> {
          throw error;
        };

    assertThatThrownBy(() -> Closing.all(failing, closing("b"))).isSameAs(error);
    assertThat(closed).containsExactly("b");
  }

  @Test
  void nothingIsClosedQuietly() {
    assertThatCode(Closing::all).doesNotThrowAnyException();
  }

  private Closeable closing(String name) {
    return () -> closed.add(name);
  }

  private Closeable failing(String name, Exception failure) {
    return () -> {
      closed.add(name);
      if (failure instanceof IOException io) {
        throw io;
      }
      throw (RuntimeException) failure;
    };
  }
}
