package io.sparkformer.run;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Property;

/** The warnings logged since it was made. */
public final class Warnings extends AbstractAppender implements AutoCloseable {

  private final List<String> messages = new CopyOnWriteArrayList<>();
  private final Logger root = (Logger) LogManager.getRootLogger();

  private Warnings() {
    super("warnings", null, null, true, Property.EMPTY_ARRAY);
  }

  public static Warnings listen() {
    Warnings warnings = new Warnings();
    warnings.start();
    warnings.root.addAppender(warnings);
    return warnings;
  }

  public List<String> messages() {
    return messages;
  }

  @Override
  public void append(LogEvent event) {
    if (event.getLevel().equals(Level.WARN)) {
      messages.add(event.getMessage().getFormattedMessage());
    }
  }

  @Override
  public void close() {
    root.removeAppender(this);
  }
}
