package io.sparkformer.exchange;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * JavaScript programs, of which node-llama-cpp brings llama.cpp along, built.
 *
 * <p>{@code -Dexchange.node-modules=PATH} names a folder of modules that has it; tests are skipped
 * without.
 */
public final class NodePeer {

  private NodePeer() {}

  /**
   * Runs a script with {@code node}; the folder of modules is its first argument.
   *
   * @param beside the class in whose package the script is a resource
   * @return the last line of its standard output
   * @throws AssertionError if it fails, with its standard error
   */
  public static JsonNode run(Class<?> beside, String script, Object... arguments)
      throws IOException {
    String modules =
        PeerProcess.required("exchange.node-modules", "a folder node_modules with node-llama-cpp");
    Path file = PeerProcess.resource(beside, script);
    return PeerProcess.run(List.of("node", file.toString(), modules), arguments);
  }
}
