import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;

/** Publish events with Java's default HTTP client, which offers HTTP/2 with every first request, and read them back. */
public class Publish {
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    public static void main(String[] arguments) throws Exception {
        var url = URI.create(arguments[0]);
        var inChunks = BodyPublishers.ofInputStream(
                () -> new ByteArrayInputStream(arguments[2].getBytes(StandardCharsets.UTF_8)));
        send(post(url).POST(BodyPublishers.ofString(arguments[1])));
        send(post(url).POST(inChunks));
        send(post(url).POST(BodyPublishers.ofString(arguments[3])).expectContinue(true));
        send(HttpRequest.newBuilder(URI.create(url + "?from=earliest&follow=false")));
        // Another client offers again.
        var page = HttpRequest.newBuilder(URI.create(url + "?from=earliest")).header("Accept", "application/json");
        System.out.println(HttpClient.newHttpClient().send(page.build(), BodyHandlers.ofString()).body());
    }

    static HttpRequest.Builder post(URI url) {
        return HttpRequest.newBuilder(url).header("Content-Type", "application/json");
    }

    static void send(HttpRequest.Builder request) throws Exception {
        System.out.println(CLIENT.send(request.build(), BodyHandlers.ofString()).statusCode());
    }
}
