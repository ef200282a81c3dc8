// The statuses Parley answers with; the mirrored package carries no types.
export declare const STATUS_CODE: {
  readonly SwitchingProtocols: 101;
  readonly OK: 200;
  readonly Created: 201;
  readonly NoContent: 204;
  readonly PartialContent: 206;
  readonly SeeOther: 303;
  readonly BadRequest: 400;
  readonly Unauthorized: 401;
  readonly Forbidden: 403;
  readonly NotFound: 404;
  readonly MethodNotAllowed: 405;
  readonly RequestTimeout: 408;
  readonly Conflict: 409;
  readonly ContentTooLarge: 413;
  readonly UnsupportedMediaType: 415;
  readonly RangeNotSatisfiable: 416;
  readonly UnprocessableEntity: 422;
  readonly UpgradeRequired: 426;
  readonly TooManyRequests: 429;
  readonly InternalServerError: 500;
  readonly BadGateway: 502;
  readonly ServiceUnavailable: 503;
  readonly GatewayTimeout: 504;
};
export type StatusCode = (typeof STATUS_CODE)[keyof typeof STATUS_CODE];
export declare const STATUS_TEXT: { readonly [Status in StatusCode]: string };
