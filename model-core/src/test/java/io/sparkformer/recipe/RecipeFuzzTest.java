package io.sparkformer.recipe;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;

import io.sparkformer.datasets.FuzzedReader;
import io.sparkformer.datasets.FuzzedReader.Form;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged recipes. */
class RecipeFuzzTest {

  private static final FileSystem FILES = localFiles();

  /** SnakeYAML looks 1,024 characters ahead for the end of a key, through as many brackets. */
  private static final long LOOK_AHEAD = 10 << 20;

  @TempDir private Path directory;

  @Test
  void aRecipe() throws IOException {
    Path file = directory.resolve("recipe.yaml");
    String recipe = RecipeFile.defaults().yaml();
    new FuzzedReader(
            "recipe",
            Form.TEXT,
            LOOK_AHEAD,
            () -> {
              RecipeFile read = RecipeFile.read(FILES, hadoop(file));
              read.data();
              read.bind(DataShape.ofVocabulary(300));
            })
        .run(file, List.of(recipe.getBytes(StandardCharsets.UTF_8)));
  }
}
