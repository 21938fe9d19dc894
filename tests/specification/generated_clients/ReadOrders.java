import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.openapitools.client.ApiClient;
import org.openapitools.client.api.EventsApi;
import org.openapitools.client.model.EventPage;
import org.openapitools.client.model.KnownOrderEventType;
import org.openapitools.client.model.OrderShippedV1;
import org.openapitools.client.model.PageEvent;
import org.openapitools.client.model.StartFrom;
import org.openapitools.client.model.StreamClosingV1;
import org.openapitools.client.model.StreamGapV1;

/** Read a page of shipments with the generated client, and a stream with the generated models; print what was read. */
public class ReadOrders {
    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        ApiClient client = new ApiClient();
        client.updateBaseUri(url);
        List<KnownOrderEventType> types = List.of(KnownOrderEventType.ORDER_SHIPPED);
        EventPage page = new EventsApi(client)
                .listOrderEvents(types, null, null, null, null, StartFrom.EARLIEST, 10, null, null);
        for (PageEvent event : page.getEvents()) {
            System.out.println("page " + event.getEventType().getActualInstance());
        }
        stream(url, client.getObjectMapper());
        String later = "{\"reason\":\"later\",\"requested\":\"a-1\",\"earliest\":\"a-2\",\"more\":1}";
        StreamGapV1 gap = client.getObjectMapper().readValue(later, StreamGapV1.class);
        System.out.println("gap " + gap.getReason().getActualInstance());
    }

    static void stream(String url, ObjectMapper mapper) throws Exception {
        URI stream = URI.create(url + "/events/orders?eventTypes=order.shipped&from=earliest&follow=false");
        HttpRequest request = HttpRequest.newBuilder(stream).header("Accept", "text/event-stream").build();
        String type = "";
        for (String line : HttpClient.newHttpClient().send(request, BodyHandlers.ofLines()).body().toList()) {
            if (line.startsWith("event: ")) type = line.substring(7);
            if (!line.startsWith("data: ")) continue;
            String data = line.substring(6);
            if (type.equals("order.shipped")) {
                System.out.println("stream " + mapper.readValue(data, OrderShippedV1.class).getOrderId());
            } else if (type.equals("stream.closing")) {
                System.out.println("closing " + mapper.readValue(data, StreamClosingV1.class).getReason().getActualInstance());
            }
        }
    }
}
