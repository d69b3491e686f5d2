package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** No test may leave files of executors, or shared memory, that were not there before. */
final class NothingLeftBehind implements BeforeEachCallback, AfterEachCallback {

  private List<Path> before;

  @Override
  public void beforeEach(ExtensionContext test) throws Exception {
    before = TrainedFiles.workFiles();
  }

  @Override
  public void afterEach(ExtensionContext test) throws Exception {
    assertThat(TrainedFiles.workFiles()).isEqualTo(before);
  }
}
