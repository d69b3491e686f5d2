package io.sparkformer.exchange;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Python programs that read what is written here, or write what is read here.
 *
 * <p>{@code -Dexchange.python=PATH} names a Python that has them; tests are skipped without.
 */
public final class PythonPeer {

  private PythonPeer() {}

  /**
   * Runs a script.
   *
   * @param beside the class in whose package the script is a resource
   * @return the last line of its standard output
   * @throws AssertionError if it fails, with its standard error
   */
  public static JsonNode run(Class<?> beside, String script, Object... arguments)
      throws IOException {
    String python =
        PeerProcess.required(
            "exchange.python", "a Python with torch, transformers, peft, gguf and numpy");
    Path file = PeerProcess.resource(beside, script);
    return PeerProcess.run(List.of(python, file.toString()), arguments);
  }
}
