import { STATUS_CODE } from "@std/http/status";
import { SignatureCheck } from "../../twilio/signature.ts";
import { clientAddress, type TrustedProxies } from "../address.ts";
import type { AdminGuard } from "../admin/access/admin_guard.ts";
import { isAllowedOrigin, isFromOtherSite } from "../origin.ts";
import { problem } from "../problem.ts";
import { type UnverifiedBodies, withRequestInput } from "../request_input.ts";
import type { Handler, Route, Routes } from "../router.ts";
import { afterStream, afterTransfer } from "./after_stream.ts";
import { answerCall, languageChosen } from "./answer_call.ts";
import { answeredBy, callStatus } from "./status_callbacks.ts";
import { openMediaStream, type StreamUpgradeOptions } from "./stream_upgrade.ts";
import { findRequester, type Requester } from "./voice_access.ts";
import type { VoiceOptions } from "./voice_options.ts";

export interface TwilioRoutesOptions
  extends VoiceOptions, Pick<StreamUpgradeOptions, "pending" | "limits" | "clock"> {
  /**
   * `TWILIO_AUTH_TOKEN`, and the other token of the account during a rotation. If empty, requests cannot be
   * verified and are accepted from anybody.
   */
  readonly authTokens: readonly string[];
  readonly unverified: UnverifiedBodies;
  readonly proxies: TrustedProxies;
  readonly guard: Pick<AdminGuard, "admits" | "isSignedIn">;
}

/** `query` is the URL's, also of a POST. */
type WebhookHandler = (
  parameters: URLSearchParams,
  requester: Requester,
  query: URLSearchParams,
) => Response | Promise<Response>;

/** The routes that Twilio requests: voice webhooks, callbacks and the media stream. */
export function twilioRoutes(options: TwilioRoutesOptions): Routes {
  const { refusals, authTokens, publicUrl, clock, proxies } = options;
  const checks = authTokens.map((token) => new SignatureCheck(token, publicUrl));
  const access = { checks, guard: options.guard };

  const onRefused = (reason: string) => refusals.count("request", reason);
  const forbid = (reason: string, detail: string) => {
    onRefused(reason);
    return problem(STATUS_CODE.Forbidden, detail);
  };
  const unsigned = () =>
    forbid(
      "signature",
      "The request is not signed by Twilio for this account and address; check TWILIO_AUTH_TOKEN and PUBLIC_URL",
    );
  const webhook = (handle: WebhookHandler): Route => ({
    methods: ["GET", "POST"],
    handle: (request, peer) => {
      // Without signatures, any page that the developer visits could send webhooks.
      if (authTokens.length === 0 && isFromOtherSite(request, publicUrl)) {
        return forbid("origin", "Pages of other sites may not send webhooks");
      }
      const unverified = { bodies: options.unverified, address: clientAddress(request, peer, proxies) };
      return withRequestInput(request, { clock, onRefused, unverified }, async ({ parameters, body }) => {
        const form = request.method === "POST" && !body ? parameters : [];
        const signed = { ...signatureOf(request), parameters: form, ...(body ? { body } : {}) };
        const requester = findRequester(request, peer, (check) => check.webhook(signed), access);
        if (!requester) return unsigned();
        return await handle(parameters, requester, new URL(request.url).searchParams);
      });
    },
  });
  const mediaStream: Handler = (request, peer) => {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      onRefused("no upgrade");
      return problem(STATUS_CODE.UpgradeRequired, "This address accepts WebSocket connections only", {
        upgrade: "websocket",
      });
    }
    if (!isAllowedOrigin(request, publicUrl)) {
      return forbid("origin", "Pages of other sites may not open media streams");
    }
    const signed = signatureOf(request);
    if (!findRequester(request, peer, (check) => check.handshake(signed), access)) return unsigned();
    return openMediaStream(request, clientAddress(request, peer, proxies), options);
  };
  return {
    "/incoming-call": webhook((parameters, requester, query) =>
      answerCall(parameters, requester, options, query.get("placed") ?? undefined)
    ),
    "/language-chosen": webhook((parameters, requester) => languageChosen(parameters, requester, options)),
    "/answered-by": webhook((parameters) => answeredBy(parameters, options)),
    "/after-stream": webhook((parameters) => afterStream(parameters, options)),
    "/after-transfer": webhook((parameters) => afterTransfer(parameters, options)),
    "/call-status": webhook((parameters) => callStatus(parameters, options)),
    "/stream-status": webhook((parameters) => callStatus(parameters, options)),
    "/media-stream": { methods: ["GET"], handle: mediaStream },
  };
}

/** The signature, and the path exactly as requested, because Twilio signs that spelling. */
function signatureOf(request: Request): { signature: string; path: string } {
  const path = request.url.slice(request.url.indexOf("/", "https://".length));
  return { signature: request.headers.get("x-twilio-signature") ?? "", path };
}
