package http

import "shop/kit/web"

// Texts returns what clients read when this service refuses, by code.
func Texts() web.Texts {
	return web.Texts{
		"unauthenticated":  {VI: "Token không hợp lệ hoặc đã hết hạn", EN: "The token is not valid or has expired"},
		"auth_unavailable": {VI: "Không thể xác thực với User Service", EN: "The user service cannot be reached to authenticate you"},
	}
}
