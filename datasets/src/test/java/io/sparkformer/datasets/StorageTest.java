package io.sparkformer.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;

final class StorageTest {

  private final Configuration configuration = new Configuration(false);

  @Test
  void theDriversFilesAreLocalWhateverTheDefaultFileSystemIs() throws IOException {
    configuration.set("fs.defaultFS", "hdfs://no-such-host:1");

    URI uri = Storage.driverFileSystem(new Path("conf/recipe.yaml"), configuration).getUri();

    assertThat(uri).hasScheme("file");
  }

  @Test
  void theDriversFilesAreElsewhereWhereTheirPathsSaySo() throws IOException {
    configuration.set("fs.viewfs.impl.disable.cache", "true");
    configuration.set("fs.viewfs.mounttable.m.link./here", "file:///");

    URI uri = Storage.driverFileSystem(new Path("viewfs://m/recipe.yaml"), configuration).getUri();

    assertThat(uri).hasScheme("viewfs");
  }
}
