package seed

type item struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Price       string `json:"price"`
	Quantity    int    `json:"quantity"`
}

// catalogue is a small shop's window, prices in đồng.
var catalogue = []item{
	{"Laptop Dell XPS 13", "13,4 inch, 16 GB RAM, SSD 512 GB", "24000000.00", 12},
	{"Laptop Lenovo ThinkPad X1 Carbon", "14 inch, 32 GB RAM, SSD 1 TB", "41500000.00", 7},
	{"Laptop ASUS Zenbook 14 OLED", "14 inch, màn hình OLED", "22990000.00", 15},
	{"MacBook Air 13", "Chip M4, 16 GB", "26990000.00", 20},
	{"Điện thoại Samsung Galaxy S25", "256 GB, màu xanh", "19990000.00", 30},
	{"Điện thoại iPhone 17", "256 GB, màu đen", "24990000.00", 25},
	{"Điện thoại Xiaomi 15", "12 GB RAM, 256 GB", "14990000.00", 40},
	{"Máy tính bảng iPad Air", "11 inch, 128 GB", "16990000.00", 18},
	{"Máy đọc sách Kindle Paperwhite", "7 inch, chống nước", "4290000.00", 35},
	{"Màn hình LG UltraFine 27", "27 inch, 4K, USB-C", "9490000.00", 14},
	{"Màn hình Dell UltraSharp 32", "32 inch, 4K", "18900000.00", 6},
	{"Bàn phím cơ Keychron K2", "75 %, switch nâu", "1990000.00", 60},
	{"Bàn phím cơ Akko 5075B", "Hot-swap, ba chế độ kết nối", "1690000.00", 45},
	{"Chuột Logitech MX Master 3S", "Không dây, im lặng", "2290000.00", 50},
	{"Chuột Razer DeathAdder V3", "Dây, 30.000 DPI", "1590000.00", 33},
	{"Tai nghe Sony WH-1000XM6", "Chống ồn chủ động", "8990000.00", 22},
	{"Tai nghe AirPods Pro 3", "Chống ồn, USB-C", "6190000.00", 48},
	{"Loa Marshall Emberton III", "Di động, chống nước", "4190000.00", 16},
	{"Loa thanh Samsung HW-Q800", "5.1.2 kênh", "9990000.00", 9},
	{"Ổ cứng SSD Samsung 990 Pro 2TB", "NVMe, PCIe 4.0", "4590000.00", 70},
	{"Ổ cứng di động WD 4TB", "USB 3.2", "2990000.00", 55},
	{"Thẻ nhớ SanDisk Extreme 256GB", "microSD, đọc 190 MB/s", "790000.00", 120},
	{"Bộ phát Wi-Fi TP-Link Deco X50", "Bộ ba, Wi-Fi 6", "4990000.00", 26},
	{"Sạc dự phòng Anker 20.000 mAh", "65 W, hai cổng USB-C", "1290000.00", 90},
	{"Sạc nhanh Ugreen 100W", "Bốn cổng, GaN", "990000.00", 85},
	{"Cáp USB-C Baseus 2 m", "100 W, bọc dù", "149000.00", 300},
	{"Webcam Logitech C920", "Full HD", "1590000.00", 38},
	{"Máy ảnh Fujifilm X-T50", "40 MP, kèm ống kính 15-45", "36900000.00", 5},
	{"Đồng hồ Garmin Forerunner 265", "GPS, màn hình AMOLED", "10990000.00", 13},
	{"Đồng hồ Apple Watch SE", "44 mm, GPS", "6590000.00", 27},
	{"Ghế công thái học Sihoo M57", "Lưới, tựa đầu", "3290000.00", 11},
	{"Bàn nâng hạ điện 140 cm", "Hai mô-tơ, nhớ bốn vị trí", "7490000.00", 8},
	{"Đèn bàn Xiaomi LED 1S", "Chỉnh nhiệt độ màu", "690000.00", 64},
	{"Máy in Brother HL-L2366DW", "Laser, in hai mặt, Wi-Fi", "4390000.00", 10},
	{"Balo laptop Targus 15,6 inch", "Chống nước, nhiều ngăn", "1090000.00", 42},
	{"Giá đỡ laptop nhôm", "Gấp gọn", "390000.00", 150},
}
