package io.sparkformer.jobs.output;

import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may write an output: one job, and of its attempts the newest. */
class OutputLockTest {

  private static final FileSystem FILES = localFiles();
  private static final Configuration CONFIGURATION = new Configuration();

  @TempDir private Path directory;
  private Path file;
  private org.apache.hadoop.fs.Path output;

  @BeforeEach
  void nameOutput() {
    file = directory.resolve(".out.lock");
    output = new org.apache.hadoop.fs.Path(directory.resolve("out").toString());
  }

  @Test
  void aSecondJobIsRefusedAndToldWhoWrites() throws IOException {
    try (OutputLock first = OutputLock.acquire(FILES, output)) {
      OutputLock.Token token = first.token(0);

      assertThatThrownBy(() -> OutputLock.acquire(FILES, output))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageMatching(
              "--output .*/out is being written by another job \\(process "
                  + ProcessHandle.current().pid()
                  + " on [^ ]+\\): wait until it ends, or choose another directory");
      first.requireHeld();
      token.require(CONFIGURATION);
    }
    OutputLock.acquire(FILES, output).close();
  }

  @Test
  void anAttemptMayWriteUntilTheNextOneBegins() throws IOException {
    try (OutputLock lock = OutputLock.acquire(FILES, output)) {
      OutputLock.Token first = lock.token(0);
      first.require(CONFIGURATION);

      OutputLock.Token second = lock.token(1);

      assertThatThrownBy(() -> first.require(CONFIGURATION))
          .isInstanceOf(IOException.class)
          .hasMessage(file + " is no longer this attempt's: another has taken the output over");
      second.require(CONFIGURATION);
    }
  }

  @Test
  void noAttemptWritesWhenItsJobHasEndedOrAnotherJobHasTheOutput() throws Exception {
    OutputLock.Token token;
    OutputLock lost = OutputLock.acquire(FILES, output);
    CountDownLatch told = new CountDownLatch(1);
    lost.whenLost(told::countDown);
    token = lost.token(0);
    Files.delete(file); // as a job does that took this one for dead

    try (OutputLock other = OutputLock.acquire(FILES, output)) {
      OutputLock.Token others = other.token(0);
      told.await();
      assertThatThrownBy(lost::requireHeld)
          .hasMessageContaining("was taken over by another job while this one did not answer");
      assertThatThrownBy(() -> lost.token(1))
          .hasMessageContaining("was taken over by another job while this one did not answer");
      assertThatThrownBy(() -> token.require(CONFIGURATION))
          .hasMessageContaining("is no longer this attempt's");
      lost.close();
      other.requireHeld(); // what closes takes no other's lock along
      others.require(CONFIGURATION);
    }
    assertThatThrownBy(() -> token.require(CONFIGURATION))
        .hasMessageContaining("is no longer this attempt's");
  }

  @Test
  void aLockThatIsBeingRenewedOrCouldNotBeForWantOfSpaceIsHeld() throws IOException {
    try (OutputLock lock = OutputLock.acquire(FILES, output)) {
      OutputLock.Token token = lock.token(0);
      Files.write(file, new byte[0]);

      assertThatCode(lock::requireHeld).doesNotThrowAnyException();
      assertThatCode(() -> token.require(CONFIGURATION)).doesNotThrowAnyException();
    }
  }
}
